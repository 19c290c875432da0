import { parseAppName } from "@evenkeel/model";
import type { Context, Hono } from "hono";
import { z } from "zod";
import { getApp } from "../apps/app-store.ts";
import type { Database } from "../database/database.ts";
import { messageHtml } from "./status-html.ts";
import type { Subscriptions } from "./subscriptions.ts";

const email = z.email().max(254);
const webhook = z.url({ protocol: /^https?$/ }).max(2_000);
const token = z.string().regex(/^[A-Za-z0-9_-]{32}$/);
/** A form of a mail address has no more. */
const bodyLimitBytes = 8 * 1024;

/** The forms of status pages, which edges pass on: for everybody, and without a session. */
export function serveSubscriptions(
  api: Hono,
  { database, subscriptions }: { database: Database; subscriptions: Subscriptions },
): void {
  api.post("/subscriptions", async (context) => {
    const form = await readForm(context);
    const named = form.get("app") ?? "";
    const app = named === "" ? null : (await getApp(database, parseAppName(named))).name;
    const url = webhook.safeParse(form.get("webhook"));
    if (url.success) {
      const added = await subscriptions.addWebhook(app, url.data);
      if (!added) return page(context, "Too many at once", "Please try again in a minute.", 429);
      const words = `Its messages are signed (Standard Webhooks) with this secret, which is shown once: ${added.secret} – To end it open ${added.leaveUrl}`;
      return page(context, "The webhook is told from now on", words);
    }
    const address = email.safeParse((form.get("email") ?? "").trim());
    if (!address.success) return page(context, "That is no address", "Please go back and correct it.", 400);
    await subscriptions.ask(app, address.data);
    return page(
      context,
      "Look into your mail",
      "If the address is right, there is a link in it that confirms it.",
    );
  });
  // A link that is opened by a program that looks for bad links confirms nothing.
  for (const [path, title, button] of [
    ["confirm", "Follow this status page", "Yes, tell me of incidents"],
    ["leave", "Hear no more of it", "Unsubscribe"],
  ] as const) {
    api.get(`/subscriptions/${path}`, (context) => {
      const given = token.safeParse(context.req.query("token"));
      if (!given.success)
        return page(context, "This link is not whole", "Please open it as it is in the mail.", 400);
      const action = `/subscriptions/${path}?token=${given.data}`;
      return page(context, title, "One more click.", 200, { action, button });
    });
  }
  api.post("/subscriptions/confirm", async (context) => {
    const given = token.safeParse(context.req.query("token"));
    const isThere = given.success && (await subscriptions.confirm(given.data));
    return isThere
      ? page(context, "You hear of incidents from now on", "Each mail has a link that ends it.")
      : page(context, "This link is of nothing", "It was ended, or is not whole.", 404);
  });
  // RFC 8058: also by the mail program itself.
  api.post("/subscriptions/leave", async (context) => {
    const given = token.safeParse(context.req.query("token"));
    if (given.success) await subscriptions.leave(given.data);
    return page(context, "You hear no more of it", "The subscription has ended.");
  });
}

async function readForm(context: Context): Promise<URLSearchParams> {
  const pieces: Uint8Array[] = [];
  let received = 0;
  for await (const piece of context.req.raw.body ?? []) {
    received += piece.length;
    if (received > bodyLimitBytes) return new URLSearchParams();
    pieces.push(piece);
  }
  return new URLSearchParams(Buffer.concat(pieces).toString("utf8"));
}

const page = (
  context: Context,
  title: string,
  text: string,
  status: 200 | 400 | 404 | 429 = 200,
  form?: { action: string; button: string },
): Response =>
  context.html(messageHtml(title, text, form), status, {
    "cache-control": "no-store",
    "content-security-policy":
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
  });
