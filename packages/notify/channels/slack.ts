import { z } from "zod";
import { channelKind } from "../channel.ts";
import { ChannelUnavailableError } from "../errors.ts";
import { call, isHtml } from "../http/call.ts";
import { isAlarm, type Message } from "../message.ts";

/** Slack cuts a section off beyond it. */
const longestSection = 3_000;

/**
 * Incoming webhooks of Slack, and of what speaks as it does (Mattermost, Rocket.Chat, Discord with `/slack`):
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export const slack = channelKind({
  name: "slack",
  title: "Slack-compatible webhook",
  settings: z.strictObject({ url: z.url({ protocol: /^https?$/ }).max(2_000) }),
  secrets: ["url"],
  twin: { provider: "slack", settings: ({ SLACK_WEBHOOK_URL: url }) => ({ url }) },
  // A webhook has no key by which a message is known again.
  repeats: "seen",
  isPager: false,
  // One a second: https://docs.slack.dev/apis/web-api/rate-limits
  perMinute: 60,
  describe: ({ url }) => new URL(url).host,
  open: ({ url }, net) => ({
    async send(message) {
      const { text } = await call(
        "Slack",
        {
          ...{ method: "POST", url: new URL(url), headers: { "content-type": "application/json" } },
          body: JSON.stringify(slackBody(message)),
        },
        net,
      );
      if (isHtml(text)) throw new ChannelUnavailableError("Slack", "it answered with an HTML page");
      return {};
    },
    close() {},
  }),
});

/** Pure. */
export function slackBody(message: Message): { text: string; blocks: unknown[] } {
  const mark = isAlarm(message.event) ? "🔴" : message.event === "resolved" ? "🟢" : "🟡";
  const text = `${mark} ${escaped(message.subject)}`;
  const note = message.mayBeRepeated ? "\n_An earlier sending was cut off; you may have seen this._" : "";
  return {
    text,
    blocks: [
      { type: "section", text: { type: "mrkdwn", text: `*${text}*` } },
      {
        type: "section",
        text: { type: "mrkdwn", text: `${escaped(message.text).slice(0, longestSection - 200)}${note}` },
      },
      ...(message.url === undefined
        ? []
        : [{ type: "section", text: { type: "mrkdwn", text: `<${message.url}|See the incident>` } }]),
    ],
  };
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
