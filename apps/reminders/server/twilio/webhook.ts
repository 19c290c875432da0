import type { Context, Next } from "hono";
import { validateRequest } from "twilio/lib/webhooks/webhooks.js";
import { environment, publicUrl } from "../environment.ts";

export type TwilioVariables = { Variables: { form: Record<string, string> } };

/**
 * Lets only what Twilio has signed pass. The address that was signed is made of the configured one: what a proxy made of host and scheme, or what
 * somebody writes into `X-Forwarded-Host`, decides nothing.
 */
export async function requireTwilio(c: Context<TwilioVariables>, next: Next): Promise<Response | undefined> {
  const raw = await c.req.text();
  if (raw.length > 64_000) return c.text("The form is too large", 413);
  const form = Object.fromEntries(new URLSearchParams(raw));
  const { search } = new URL(c.req.url);
  const signed = `${publicUrl()}${c.req.path}${search}`;
  const signature = c.req.header("x-twilio-signature") ?? "";
  if (!validateRequest(environment().TWILIO_AUTH_TOKEN, signature, signed, form)) {
    return c.text("The signature is not Twilio's for this address", 403);
  }
  c.set("form", form);
  await next();
  return undefined;
}
