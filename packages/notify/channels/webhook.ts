import { createHmac } from "node:crypto";
import { z } from "zod";
import { channelKind } from "../channel.ts";
import { call } from "../http/call.ts";
import type { Message } from "../message.ts";

/** `whsec_` and 24 to 64 bytes in base64. */
export const webhookSecret = z
  .string()
  .refine(
    (text) =>
      /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text) &&
      [24, 64].every((n, i) => (i ? keyOf(text).length <= n : keyOf(text).length >= n)),
    "is no signing secret: whsec_ and 24 to 64 bytes in base64",
  );

/** POSTs JSON, signed as Standard Webhooks has it: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export const webhook = channelKind({
  name: "webhook",
  title: "Webhook (Standard Webhooks)",
  settings: z.strictObject({ url: z.url({ protocol: /^https?$/ }).max(2_000), secret: webhookSecret }),
  secrets: ["secret", "url"],
  // By `webhook-id`, which the specification tells receivers to keep.
  repeats: "joined",
  isPager: false,
  perMinute: 600,
  describe: ({ url }) => new URL(url).host,
  open: ({ url, secret }, net) => ({
    async send(message) {
      const body = JSON.stringify(webhookBody(message));
      await call(
        new URL(url).host,
        {
          method: "POST",
          url: new URL(url),
          headers: signedHeaders(message.id, secret, body, Date.now()),
          body,
        },
        net,
      );
      return { reference: message.id };
    },
    close() {},
  }),
});

/** Pure. */
export function webhookBody({ id: _id, to: _to, event, atMs, ...data }: Message): Record<string, unknown> {
  return {
    type: data.incident ? `incident.${event}` : event,
    timestamp: new Date(atMs).toISOString(),
    data,
  };
}

/** Pure. */
export function signedHeaders(
  id: string,
  secret: string,
  body: string,
  nowMs: number,
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signature = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64");
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}

const keyOf = (secret: string): Buffer => Buffer.from(secret.slice("whsec_".length), "base64");
