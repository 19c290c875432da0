import { createHmac } from "node:crypto";

/**
 * `X-Twilio-Signature`: HMAC-SHA1 with the auth token over the URL, followed by the form's parameters sorted by name, name and value without
 * anything between. Without a form (GET, or a JSON body, whose SHA-256 the URL carries as `bodySHA256`) over the URL alone.
 * https://www.twilio.com/docs/usage/security#validating-requests
 */
export function twilioSignature(token: string, url: string, form?: URLSearchParams): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of form ?? []) values.set(name, (values.get(name) ?? new Set()).add(value));
  let signed = url;
  for (const name of [...values.keys()].sort()) {
    for (const value of [...values.get(name)!].sort()) signed += name + value;
  }
  return createHmac("sha1", token).update(signed, "utf8").digest("base64");
}
