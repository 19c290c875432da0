import type { Twilio } from "twilio";
import { environment } from "../environment.ts";

let client: Promise<Twilio> | undefined;

/** Twilio's own client; loaded with the first message, since answering a webhook needs none of it. */
export function twilioClient(): Promise<Twilio> {
  client ??= import("twilio").then(({ default: twilio }) => {
    const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = environment();
    return twilio(TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, { timeout: 10_000 } as never);
  });
  return client;
}
