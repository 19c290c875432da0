import type { ChannelKind } from "../channel.ts";
import { pagerduty } from "./pagerduty.ts";
import { slack } from "./slack.ts";
import { smtp } from "./smtp.ts";
import { sms, voice } from "./twilio.ts";
import { webhook } from "./webhook.ts";

const kinds = { smtp, slack, pagerduty, sms, voice, webhook };
export type ChannelKindName = keyof typeof kinds;
export const channelKindNames = Object.keys(kinds) as [ChannelKindName, ...ChannelKindName[]];

/** Every way to tell people. */
export const channelKinds = kinds as unknown as Record<ChannelKindName, ChannelKind>;
