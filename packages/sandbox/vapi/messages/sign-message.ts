import { createHmac } from "node:crypto";
import type { Account } from "../../accounts/account.ts";
import type { Webhook } from "../../webhooks/webhook.ts";
import { assistantOf, listOf, objectOf, textOf } from "../calls/assistant-settings.ts";
import { callsOf, type Settings } from "../calls/call.ts";
import { uuidOf } from "../credentials.ts";
import { credentials } from "../resources/kinds.ts";
import { resourcesOf } from "../resources/resource.ts";

/** Headers that a server's custom credential asks for: a bearer token, or an HMAC over timestamp and body. */
export function signMessage(account: Account, webhook: Webhook): Record<string, string> {
  const signing = webhook.signing as { call: string; credentialId: string } | undefined;
  const plan = signing && planOf(account, signing);
  if (!plan) return {};
  if (plan["token"] !== undefined) return bearer(plan);
  if (plan["secretKey"] !== undefined) return hmac(plan, webhook, account.providerRealTimeMs("vapi"));
  return {};
}

function planOf(
  account: Account,
  { call, credentialId }: { call: string; credentialId: string },
): Settings | undefined {
  const known = callsOf(account).get(call);
  const inline = listOf(known && assistantOf(account, known)?.["credentials"]).find(
    ({ id }) => id === credentialId,
  );
  return objectOf((resourcesOf(account, credentials).get(credentialId) ?? inline)?.["authenticationPlan"]);
}

function bearer(plan: Settings): Record<string, string> {
  const prefix = plan["bearerPrefixEnabled"] === false ? "" : "Bearer ";
  return { [(textOf(plan["headerName"]) ?? "authorization").toLowerCase()]: `${prefix}${plan["token"]}` };
}

/** Defaults as the API's description of `HmacAuthenticationPlan` names them. */
export function hmac(
  plan: Settings,
  { id, method, url, body }: Webhook,
  nowMs: number,
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const messageId = `msg_${uuidOf(Buffer.from(id).toString("hex").padEnd(32, "0")).replaceAll("-", "")}`;
  const usual = plan["includeTimestamp"] === false ? "{body}" : "{timestamp}.{body}";
  const values: Record<string, string> = { body, timestamp, method, url, "svix-id": messageId };
  const payload = (textOf(plan["payloadFormat"]) ?? usual).replace(
    /\{(body|timestamp|method|url|svix-id)\}/g,
    (_, name: string) => values[name]!,
  );
  const key = Buffer.from(String(plan["secretKey"]), plan["secretIsBase64"] === true ? "base64" : "utf8");
  const algorithm = textOf(plan["algorithm"]) ?? "sha256";
  const digest = createHmac(algorithm, key)
    .update(payload)
    .digest(plan["signatureEncoding"] === "base64" ? "base64" : "hex");
  const headers: Record<string, string> = {
    [textOf(plan["signatureHeader"]) ?? "x-signature"]: `${textOf(plan["signaturePrefix"]) ?? ""}${digest}`,
  };
  if (plan["includeTimestamp"] !== false)
    headers[textOf(plan["timestampHeader"]) ?? "x-timestamp"] = timestamp;
  const idHeader = textOf(plan["messageIdHeader"]);
  if (idHeader !== undefined) headers[idHeader] = messageId;
  return headers;
}
