import type { Account } from "../../accounts/account.ts";
import type { NewWebhook } from "../../webhooks/webhook.ts";
import { type AppServer, assistantOf, serverOf } from "../calls/assistant-settings.ts";
import type { Settings, VapiCall } from "../calls/call.ts";
import { artifactOf, renderCall } from "../calls/render-call.ts";
import { phoneNumbers } from "../resources/kinds.ts";
import { resourcesOf } from "../resources/resource.ts";

/** Of those that an assistant sends without naming them, the ones the twin has. */
const usualMessages = ["conversation-update", "end-of-call-report", "status-update", "tool-calls"];
/** Vapi reads answers whole; nothing sensible is larger. */
const answerBytes = 1024 * 1024;

/** Whether the app wants messages of this type: `serverMessages` of the assistant. */
export function wants(account: Account, call: VapiCall, type: string): boolean {
  const listed = assistantOf(account, call)?.["serverMessages"];
  return (Array.isArray(listed) ? listed : usualMessages).some(
    (each) => each === type || String(each).startsWith(`${type}[`),
  );
}

/** Tells the app's server: https://docs.vapi.ai/server-url/events */
export function tellServer(
  account: Account,
  call: VapiCall,
  type: string,
  content: Settings,
  {
    server = serverOf(account, call),
    reply,
  }: { server?: AppServer | undefined; reply?: NewWebhook["reply"] } = {},
): boolean {
  if (!server) return false;
  const assistant = assistantOf(account, call);
  const number =
    call.phoneNumberId === undefined ? undefined : resourcesOf(account, phoneNumbers).get(call.phoneNumberId);
  const message = {
    timestamp: account.providerTimeMs("vapi"),
    type,
    ...content,
    artifact: content["artifact"] ?? artifactOf(account, call),
    call: renderCall(account, call),
    ...(number && { phoneNumber: number }),
    customer: call.customer,
    ...(assistant && { assistant }),
  };
  account.send("vapi", {
    kind: type,
    subject: call.id,
    url: server.url,
    headers: {
      "content-type": "application/json",
      "user-agent": "Vapi",
      "x-call-id": call.id,
      ...server.headers,
      ...(server.secret !== undefined && { "x-vapi-secret": server.secret }),
    },
    body: JSON.stringify({ message }),
    limits: { timeoutMs: server.timeoutMs, redirects: 0, answerBytes },
    ...(server.credentialId !== undefined && {
      signing: { call: call.id, credentialId: server.credentialId },
    }),
    ...(reply && { reply }),
  });
  return true;
}
