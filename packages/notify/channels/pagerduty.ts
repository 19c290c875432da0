import { z } from "zod";
import { channelKind } from "../channel.ts";
import { ChannelUnavailableError } from "../errors.ts";
import { call } from "../http/call.ts";
import type { Message } from "../message.ts";

const severities = ["critical", "error", "warning"] as const;
/** https://developer.pagerduty.com/docs/send-alert-event: the field's limit. */
const longestSummary = 1_024;

/** Events API v2: https://developer.pagerduty.com/docs/events-api-v2-overview */
export const pagerduty = channelKind({
  name: "pagerduty",
  title: "PagerDuty",
  settings: z.strictObject({
    routingKey: z.string().regex(/^[A-Za-z0-9]{32}$/, "is no integration key: it has 32 letters and digits"),
    /** Of another region: `https://events.eu.pagerduty.com`. */
    baseUrl: z.url({ protocol: /^https?$/ }).default("https://events.pagerduty.com"),
  }),
  secrets: ["routingKey"],
  twin: {
    provider: "pagerduty",
    settings: ({ PAGERDUTY_ROUTING_KEY: routingKey }) => ({ routingKey }),
  },
  // By `dedup_key`: a second trigger of an open alert is the same alert.
  repeats: "joined",
  isPager: true,
  perMinute: 120,
  describe: ({ baseUrl }) => new URL(baseUrl).host,
  open: ({ routingKey, baseUrl }, net) => ({
    async send(message) {
      const event = pagerdutyEvent(message);
      if (!event) return {};
      const { text } = await call(
        "PagerDuty",
        {
          ...{ method: "POST", url: new URL(`${baseUrl.replace(/\/+$/, "")}/v2/enqueue`) },
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ routing_key: routingKey, ...event }),
        },
        net,
      );
      return { reference: dedupKeyIn(text) };
    },
    close() {},
  }),
});

/** Undefined for what PagerDuty has no event for. Pure. */
export function pagerdutyEvent(message: Message): Record<string, unknown> | undefined {
  const { event, incident } = message;
  const dedupKey = incident?.key ?? message.id;
  if (event === "acknowledged") return { event_action: "acknowledge", dedup_key: dedupKey };
  if (event === "resolved") return { event_action: "resolve", dedup_key: dedupKey };
  if (event === "updated" || event === "confirm" || event === "maintenance") return undefined;
  return {
    ...{ event_action: "trigger", dedup_key: dedupKey },
    payload: {
      summary: message.subject.slice(0, longestSummary),
      source: incident?.app === undefined ? "evenkeel" : `${incident.app}/${incident.environment}`,
      severity: event === "test" ? "info" : (severities[incident?.rank ?? 2] ?? "info"),
      timestamp: new Date(message.atMs).toISOString(),
      ...(incident && {
        component: incident.components.join(", "),
        class: incident.severity,
        custom_details: { text: message.text, incident: incident.id },
      }),
    },
    ...(message.url !== undefined && { links: [{ href: message.url, text: "Incident" }] }),
  };
}

/** What is not its JSON is not its answer. */
function dedupKeyIn(text: string): string {
  try {
    const { status, dedup_key } = JSON.parse(text);
    if (status === "success" && typeof dedup_key === "string") return dedup_key;
  } catch {
    // Told below.
  }
  throw new ChannelUnavailableError("PagerDuty", "what answered was not its events API");
}
