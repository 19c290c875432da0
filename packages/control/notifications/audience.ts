import { channelKinds, isAlarm, type MessageEvent } from "@evenkeel/notify";
import type { IncidentPolicy } from "../incidents/incident-policy.ts";
import type { IncidentRow } from "../incidents/incident-store.ts";
import { onCallAt } from "../incidents/on-call.ts";
import type { ChannelRow } from "./channel-store.ts";
import { plainName, sameName } from "./channels.ts";

/** Names in a runbook that mean the platform's own ways to the public, and no channel. */
const publicWays: ReadonlySet<string> = new Set([
  ...[
    "status_page",
    "in_app_banner",
    "in_app_notifications",
    "banner",
    "email_customers",
    "subscribers",
    "notifications",
  ],
]);
const bannerWays: ReadonlySet<string> = new Set(["in_app_banner", "in_app_notifications", "banner"]);
const major: ReadonlySet<MessageEvent> = new Set(["opened", "reopened", "raised", "resolved"]);

/** One channel that is told, and those that take over where it fails. */
export interface Receiver {
  channel: ChannelRow;
  chain: string[];
}

export interface Audience {
  receivers: Receiver[];
  /** Names in the runbook that no channel has. */
  missing: string[];
}

/** Who is told inside of an event: the runbook's channels of that class, else all that are nobody's in particular. Pure. */
export function insideAudience(
  event: MessageEvent,
  incident: Pick<IncidentRow, "severity" | "rank">,
  policy: IncidentPolicy,
  channels: readonly ChannelRow[],
): Audience {
  const { communication, continuity } = policy;
  const named: string[] = [...(communication?.internal[incident.severity] ?? [])];
  for (const { channels: ways, frequency, name } of continuity?.audiences ?? []) {
    const isTold = frequency.kind === "all" || (frequency.kind === "major" && major.has(event));
    // Customers hear of it by the status page and its subscriptions.
    if (!isTold || name === "customers") continue;
    for (const way of ways) {
      const critical = /^(.+?)_if_critical$/.exec(plainName(way));
      if (!critical) named.push(way);
      else if (incident.rank === 0) named.push(way, critical[1]!);
    }
  }
  if (communication === undefined && named.length === 0) {
    const own = channels.filter(({ app, person }) => app !== null && person === null);
    const all = own.length > 0 ? own : channels.filter(({ person }) => person === null);
    // Of what is minor nobody is called.
    const chosen = all.filter((channel) => incident.rank <= 1 || !channelKinds[channel.kind].isPager);
    return { receivers: receiversOf(chosen.filter(hears(event)), channels), missing: [] };
  }
  return resolve(named, event, channels);
}

/** Channels outside that are no way of the platform itself: `twitter`. Pure. */
export function outsideAudience(
  event: MessageEvent,
  incident: Pick<IncidentRow, "severity">,
  policy: IncidentPolicy,
  channels: readonly ChannelRow[],
): Audience {
  return resolve(policy.communication?.external[incident.severity] ?? [], event, channels);
}

/** Whether the app's own pages show a banner of it. Pure. */
export function hasBanner({ severity }: Pick<IncidentRow, "severity">, policy: IncidentPolicy): boolean {
  const ways = [
    ...(policy.communication?.external[severity] ?? []),
    ...(policy.continuity?.audiences ?? []).flatMap(({ name, channels }) =>
      name === "customers" ? channels : [],
    ),
  ];
  return ways.some((way) => bannerWays.has(plainName(way)));
}

export interface CalledPerson {
  name: string;
  /** By which this person is called; absent: there is no channel. */
  receiver?: Receiver;
}

/**
 * The first `people` of the rotation, each by their first channel, with the others of theirs and then those of who comes next to take over. Without a
 * rotation: everything that calls people, which is nobody's in particular. Pure.
 */
export function calledPeople(
  people: number,
  policy: IncidentPolicy,
  channels: readonly ChannelRow[],
  nowMs: number,
): CalledPerson[] {
  const { onCall } = policy;
  if (!onCall) {
    const pagers = channels.filter(({ kind, person }) => person === null && channelKinds[kind].isPager);
    return receiversOf(pagers, channels).map((receiver) => ({ name: receiver.channel.name, receiver }));
  }
  const order = onCallAt(onCall, nowMs);
  if (onCall.channel !== undefined) {
    const { receivers } = resolve([onCall.channel], "escalated", channels);
    return [{ name: order.slice(0, people).join(", "), ...(receivers[0] && { receiver: receivers[0] }) }];
  }
  const ownOf = (name: string) =>
    channels
      .filter(({ person }) => person !== null && sameName(person, name))
      .sort(
        (one, other) => Number(channelKinds[other.kind].isPager) - Number(channelKinds[one.kind].isPager),
      );
  return order.slice(0, people).map((name, index) => {
    const [channel, ...others] = ownOf(name);
    if (!channel) return { name };
    const after = order.slice(index + 1).flatMap((next) => ownOf(next));
    const chain = [...new Set([...others, ...after].map(({ id }) => id))].filter((id) => id !== channel.id);
    return { name, receiver: { channel, chain } };
  });
}

function resolve(names: readonly string[], event: MessageEvent, channels: readonly ChannelRow[]): Audience {
  const found = new Map<string, ChannelRow>();
  const missing = new Set<string>();
  for (const name of names) {
    if (publicWays.has(plainName(name))) continue;
    // Those of the app stand before those of the platform.
    const channel = channels.find((each) => sameName(each.name, name));
    if (!channel) missing.add(name);
    else if (hears(event)(channel)) found.set(channel.id, channel);
  }
  return { receivers: receiversOf([...found.values()], channels), missing: [...missing] };
}

/** Telephones ring for what somebody has to do, and tell when it is over; they do not tell each update. */
const hears =
  (event: MessageEvent) =>
  ({ kind }: ChannelRow): boolean =>
    isAlarm(event) || !["sms", "voice"].includes(kind) || (event === "resolved" && kind === "sms");

const receiversOf = (chosen: readonly ChannelRow[], channels: readonly ChannelRow[]): Receiver[] =>
  chosen.map((channel) => ({ channel, chain: chainOf(channel, channels) }));

/** The fallbacks of a channel, of its fallback, and so on; a circle ends where it began. */
function chainOf(channel: ChannelRow, channels: readonly ChannelRow[]): string[] {
  const chain: string[] = [];
  let at: ChannelRow | undefined = channel;
  while (at?.fallback != null) {
    const { fallback } = at as ChannelRow & { fallback: string };
    at = channels.find((each) => sameName(each.name, fallback));
    if (!at || at.id === channel.id || chain.includes(at.id)) break;
    chain.push(at.id);
  }
  return chain;
}
