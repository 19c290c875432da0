import type { Account } from "../accounts/account.ts";
import { type Answer, json } from "../provider/answer.ts";
import type { Failure, Given, Provider } from "../provider/provider.ts";
import { isSameSecret } from "../provider/same-secret.ts";
import { jsonObjectOf } from "../provider/twin-request.ts";

export interface PagerAlert {
  /** Events with the same one are about the same alert. */
  dedupKey: string;
  status: "triggered" | "acknowledged" | "resolved";
  summary: string;
  source: string;
  severity: string;
  events: { action: string; atMs: number }[];
}

const actions = { trigger: "triggered", acknowledge: "acknowledged", resolve: "resolved" } as const;
const severities = new Set(["critical", "error", "warning", "info"]);
const longestDedupKey = 255;
const largestBytes = 512 * 1024;

export const pagerAlerts = (account: Account) => account.collection<PagerAlert>("pagerduty.alerts", 2_000);
const routingKey = (account: Account): string =>
  `R${account.secret("pagerduty.key").slice(0, 31).toUpperCase()}`;

/** Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview */
export const pagerduty: Provider = {
  name: "pagerduty",
  title: "PagerDuty",
  hosts: ["events.pagerduty.com"],
  bodyLimitBytes: largestBytes,
  routes: [
    { method: "POST", path: "/v2/enqueue", answer: enqueue },
    { method: "POST", path: "/v2/change/enqueue", answer: enqueueChange },
  ],
  identifiers: (account) => [routingKey(account)],
  variables: (account) => ({ PAGERDUTY_ROUTING_KEY: routingKey(account) }),
  authenticate(request, accounts) {
    const given = String(jsonObjectOf(request)?.["routing_key"] ?? "");
    const account = accounts.find("pagerduty", given);
    if (!account || !isSameSecret(given, routingKey(account))) return undefined;
    return { account, key: `${given.slice(0, 5)}…` };
  },
  failure,
};

function enqueue({ account, request }: Given): Answer {
  const body = jsonObjectOf(request)!;
  const action = body["event_action"];
  const status =
    typeof action === "string" && Object.hasOwn(actions, action)
      ? actions[action as keyof typeof actions]
      : undefined;
  const payload = (typeof body["payload"] === "object" && body["payload"]) || {};
  const { summary, source, severity } = payload as Record<string, unknown>;
  const given = body["dedup_key"];
  const errors: string[] = [];
  if (!status) errors.push("'event_action' is missing or invalid");
  if (status === "triggered") {
    if (typeof summary !== "string" || summary === "") errors.push("'payload.summary' is missing or blank");
    if (typeof source !== "string" || source === "") errors.push("'payload.source' is missing or blank");
    if (!severities.has(String(severity)))
      errors.push(
        "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
      );
  } else if (status && typeof given !== "string") errors.push("'dedup_key' is missing or blank");
  if (typeof given === "string" && given.length > longestDedupKey)
    errors.push("'dedup_key' is too long (maximum is 255 characters)");
  if (errors.length > 0) return invalid(errors);
  const dedupKey = typeof given === "string" ? given : account.nextId("pagerduty.dedup").slice(0, 32);
  const before = pagerAlerts(account).get(dedupKey);
  const event = { action: String(action), atMs: account.providerTimeMs("pagerduty") };
  // Of an alert that is over, or never was, nothing can be acknowledged; PagerDuty takes the event all the same.
  const opens = status === "triggered" && (before === undefined || before.status === "resolved");
  if (opens) {
    pagerAlerts(account).put(dedupKey, {
      ...{
        dedupKey,
        status: "triggered",
        summary: String(summary),
        source: String(source),
        severity: String(severity),
      },
      events: [...(before?.events ?? []), event],
    });
  } else if (before && before.status !== "resolved") {
    const isStill = status === "triggered" ? before.status : status!;
    pagerAlerts(account).put(dedupKey, { ...before, status: isStill, events: [...before.events, event] });
  }
  return json({ status: "success", message: "Event processed", dedup_key: dedupKey }, 202);
}

function enqueueChange({ request }: Given): Answer {
  const { payload } = jsonObjectOf(request) as { payload?: { summary?: unknown } };
  if (typeof payload?.summary !== "string") return invalid(["'payload.summary' is missing or blank"]);
  return json({ status: "success", message: "Change event processed" }, 202);
}

const invalid = (errors: string[]): Answer =>
  json({ status: "invalid event", message: "Event object is invalid", errors }, 400);

function failure(given: Failure): Answer {
  switch (given.kind) {
    case "unauthenticated":
      return invalid(["'routing_key' is invalid"]);
    case "rate_limited":
      return json(
        { status: "throttle exceeded", message: "Requests for this service are arriving too quickly." },
        429,
        {
          "retry-after": String(given.retryAfterSeconds),
        },
      );
    case "server_error":
      return json({ status: "error", message: "Internal Server Error" }, given.status);
    case "body_too_large":
      return json({ status: "invalid event", message: "Event object is too large" }, 413);
  }
}
