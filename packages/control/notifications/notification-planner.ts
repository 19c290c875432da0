import { formatDuration } from "@evenkeel/model";
import { channelKinds, isAlarm, type Message, type MessageEvent } from "@evenkeel/notify";
import { MessageTemplate } from "@evenkeel/runbook";
import type { Place } from "../apps/hosts.ts";
import type { Connection } from "../database/connection.ts";
import { platformActor } from "../incidents/actor.ts";
import {
  beginEscalation,
  type EscalationPolicy,
  type EscalationState,
  takeStep,
} from "../incidents/escalation.ts";
import type { IncidentPolicy } from "../incidents/incident-policy.ts";
import { addEvent, type IncidentRow } from "../incidents/incident-store.ts";
import type { IncidentChange } from "../incidents/incidents.ts";
import { calledPeople, hasBanner, insideAudience, outsideAudience, type Receiver } from "./audience.ts";
import { type ChannelRow, channelsOf } from "./channel-store.ts";
import { sameName } from "./channels.ts";
import { fieldsOf, messageIncident, publicText, subjectOf, textOf } from "./incident-words.ts";
import { queueNotification } from "./outbox-store.ts";

export interface PlannerParts {
  place: Place;
  /** Tells incidents of this platform from those of others at providers. */
  platformKey(connection: Connection): Promise<string>;
  /** Those who follow the status page are told. */
  announce(
    connection: Connection,
    incident: IncidentRow,
    event: MessageEvent,
    text: string,
    told: { key: string; url: string | undefined },
  ): Promise<void>;
}

/** Nobody is reminded more often. */
const shortestFrequencyMs = 60_000;

const events: Partial<Record<IncidentChange["kind"], MessageEvent>> = {
  ...{ opened: "opened", reopened: "reopened", raised: "raised", acknowledged: "acknowledged" },
  ...{ updated: "updated", resolved: "resolved" },
};

/** Writes down who is to be told of what becomes of incidents, within the transaction of that. Nothing is sent here. */
export class NotificationPlanner {
  constructor(private readonly parts: PlannerParts) {}

  async plan(connection: Connection, change: IncidentChange): Promise<void> {
    const { incident, kind } = change;
    const event = events[kind];
    // Drills are recorded; nobody is called for them.
    if (event === undefined || incident.isDrill) return;
    const nowMs = Date.now();
    const channels = await this.channelsFor(connection, incident);
    await this.tellInside(connection, change, event, channels, nowMs);
    if (isAlarm(event) && incident.state === "open") await this.begin(connection, change, channels, nowMs);
    else if (kind === "acknowledged" || kind === "resolved")
      await connection.query("UPDATE incidents SET escalation = NULL WHERE id = $1", [incident.id]);
    if (incident.isPublic && change.isPublic)
      await this.tellOutside(connection, change, event, channels, nowMs);
  }

  /**
   * Calls those whose turn it is, where it is time. The caller has locked the incident.
   *
   * @returns whether anybody was called
   */
  async escalate(
    connection: Connection,
    incident: IncidentRow,
    policy: IncidentPolicy,
    nowMs: number,
  ): Promise<boolean> {
    if (!incident.escalation || incident.state !== "open") return false;
    const taken = takeStep(incident.escalation, nowMs, escalationPolicy(incident, policy));
    if (!taken) return false;
    const channels = await this.channelsFor(connection, incident);
    await this.call(connection, incident, policy, { ...taken, before: incident.escalation }, channels, nowMs);
    return true;
  }

  /** Whether an update may be due to those who are to hear something now and then. */
  isReminderDue({ rank, state, openedAt, isDrill }: IncidentRow, nowMs: number): boolean {
    return rank <= 1 && !isDrill && state !== "resolved" && nowMs - openedAt.getTime() >= shortestFrequencyMs;
  }

  /**
   * Tells those who are responsible that an audience has heard nothing for as long as the runbook allows. Once for each time.
   *
   * @returns whether anybody is told
   */
  async remind(
    connection: Connection,
    incident: IncidentRow,
    policy: IncidentPolicy,
    nowMs: number,
  ): Promise<boolean> {
    let isTold = false;
    for (const { name, frequency, responsible } of policy.continuity?.audiences ?? []) {
      if (frequency.kind !== "every" || !this.isReminderDue(incident, nowMs)) continue;
      const [{ at }] = (await connection.query<{ at: Date | null }>(
        "SELECT max(at) AS at FROM incident_events WHERE incident = $1 AND is_public",
        [incident.id],
      )) as [{ at: Date | null }];
      const heardAtMs = (at ?? incident.openedAt).getTime();
      const times = Math.floor((nowMs - heardAtMs) / Math.max(shortestFrequencyMs, frequency.ms));
      if (times < 1) continue;
      const told = await addEvent(connection, incident.id, {
        ...{ kind: "due", actor: platformActor("notifications"), ref: `due/${name}/${heardAtMs}/${times}` },
        message: `${name} have heard nothing for ${formatDuration(nowMs - heardAtMs)}: an update is due${responsible === undefined ? "" : ` from ${responsible}`}`,
      });
      if (!told) continue;
      const channels = await this.channelsFor(connection, incident);
      const own = channels.filter(({ person }) => person !== null && sameName(person, responsible ?? ""));
      const receivers =
        own.length > 0
          ? own.map((channel) => ({ channel, chain: [] }))
          : insideAudience("updated", incident, policy, channels).receivers;
      for (const receiver of receivers) {
        const dedupKey = `i${incident.id}.due.${name}.${heardAtMs}.${times}.${receiver.channel.id}`;
        const message = await this.message(connection, incident, "updated", {
          ...{ receiver, nowMs, text: `An update for ${name} is due.`, id: plainId(dedupKey) },
        });
        await queueNotification(connection, {
          dedupKey,
          channel: receiver.channel.id,
          incident: incident.id,
          lane: "team",
          message,
        });
        isTold = true;
      }
    }
    return isTold;
  }

  private async begin(
    connection: Connection,
    { incident, policy }: IncidentChange,
    channels: ChannelRow[],
    nowMs: number,
  ): Promise<void> {
    const rules = escalationPolicy(incident, policy);
    const state = beginEscalation(nowMs, rules);
    const taken = takeStep(state, nowMs, rules);
    if (taken) await this.call(connection, incident, policy, { ...taken, before: state }, channels, nowMs);
    else await keep(connection, incident.id, state);
  }

  private async call(
    connection: Connection,
    incident: IncidentRow,
    policy: IncidentPolicy,
    taken: { step: number; people: number; state: EscalationState; before: EscalationState },
    channels: ChannelRow[],
    nowMs: number,
  ): Promise<void> {
    await keep(connection, incident.id, taken.state);
    // What is minor is told to the team; without a rotation nobody is called for it.
    if (!policy.onCall && incident.rank > 1) return;
    const event = taken.step === 0 ? "opened" : "escalated";
    const called = calledPeople(taken.people, policy, channels, nowMs);
    for (const { name, receiver } of called) {
      if (!receiver) {
        await addEvent(connection, incident.id, {
          ...{ kind: "missing", actor: platformActor("notifications"), ref: `nobody/${name}` },
          message: `${name} is on call and has no channel: evenkeel notify channels add NAME --person ${name}`,
        });
        continue;
      }
      const dedupKey = `i${incident.id}.r${taken.before.openedAtMs}.s${taken.step}.${receiver.channel.id}`;
      const message = await this.message(connection, incident, event, {
        ...{ receiver, nowMs, text: undefined, id: dedupKey },
      });
      await queueNotification(connection, {
        ...{ dedupKey, channel: receiver.channel.id, incident: incident.id, lane: "page", message },
        chain: receiver.chain,
      });
    }
    const names = called.filter(({ receiver }) => receiver).map(({ name }) => name);
    if (names.length > 0) {
      await addEvent(connection, incident.id, {
        ...{ kind: "paged", actor: platformActor("on call"), message: `Called: ${names.join(", ")}` },
        detail: { step: taken.step, next: new Date(taken.state.nextAtMs).toISOString() },
      });
    }
  }

  private async tellInside(
    connection: Connection,
    { incident, policy, message }: IncidentChange,
    event: MessageEvent,
    channels: ChannelRow[],
    nowMs: number,
  ): Promise<void> {
    const { receivers, missing } = insideAudience(event, incident, policy, channels);
    for (const receiver of receivers) {
      // Who is called by the escalation hears of it there; without a rotation that is every pager.
      const { isPager } = channelKinds[receiver.channel.kind];
      if (isPager && isAlarm(event) && !policy.onCall && incident.rank <= 1) continue;
      await this.queue(connection, incident, event, { receiver, nowMs, text: message });
    }
    await this.noteMissing(connection, incident, missing);
  }

  private async tellOutside(
    connection: Connection,
    { incident, policy, message, kind }: IncidentChange,
    event: MessageEvent,
    channels: ChannelRow[],
    nowMs: number,
  ): Promise<void> {
    const isWritten =
      kind === "updated" ||
      (kind === "resolved" && message !== "Resolved" && !message.startsWith("Resolved:"));
    const text = publicText(incident, policy.communication?.templates, {
      ...{ message: isWritten ? message : undefined, url: this.url(incident), nowMs },
    });
    await addEvent(connection, incident.id, {
      ...{ kind: "told", actor: platformActor("status page"), message: text, isPublic: true },
      detail: { phase: incident.phase },
    });
    if (hasBanner(incident, policy) && !incident.hasBanner) {
      await connection.query("UPDATE incidents SET has_banner = true WHERE id = $1", [incident.id]);
      incident.hasBanner = true;
    }
    await this.parts.announce(connection, incident, event, text, {
      ...{ key: await this.keyOf(connection, incident), url: this.url(incident) },
    });
    const { receivers, missing } = outsideAudience(event, incident, policy, channels);
    for (const receiver of receivers)
      await this.queue(connection, incident, event, { receiver, nowMs, text });
    await this.noteMissing(connection, incident, missing);
  }

  /** Once for each revision and channel: planned again after a crash it is the same. */
  private async queue(
    connection: Connection,
    incident: IncidentRow,
    event: MessageEvent,
    given: { receiver: Receiver; nowMs: number; text: string },
  ): Promise<void> {
    const { channel, chain } = given.receiver;
    const dedupKey = `i${incident.id}.v${incident.revision}.${event}.${channel.id}`;
    const message = await this.message(connection, incident, event, { ...given, id: dedupKey });
    const lane = isAlarm(event) && channelKinds[channel.kind].isPager ? "page" : "team";
    await queueNotification(connection, {
      ...{ dedupKey, channel: channel.id, incident: incident.id, lane, message, chain },
    });
  }

  private async message(
    connection: Connection,
    incident: IncidentRow,
    event: MessageEvent,
    {
      receiver,
      nowMs,
      text,
      id,
    }: { receiver: Receiver; nowMs: number; text: string | undefined; id: string },
  ): Promise<Message> {
    const said = text ?? incident.title;
    const url = this.url(incident);
    const [{ count }] = (await connection.query<{ count: number }>(
      "SELECT count(*)::integer AS count FROM notifications WHERE incident = $1",
      [incident.id],
    )) as [{ count: number }];
    const key = await this.keyOf(connection, incident);
    const { template } = receiver.channel;
    return {
      ...{ id, event, atMs: nowMs, subject: subjectOf(event, incident) },
      text:
        template === null
          ? textOf(incident, { message: said, nowMs })
          : MessageTemplate.read(template).fill(fieldsOf(incident, { message: said, url, nowMs })),
      ...(url !== undefined && { url }),
      incident: messageIncident(incident, { key, sequence: count + 1 }),
    };
  }

  private async keyOf(connection: Connection, { id }: IncidentRow): Promise<string> {
    return `${await this.parts.platformKey(connection)}-incident-${id}`;
  }

  /** Of the status page; what is not public has none. */
  private url({ app, id, isPublic }: IncidentRow): string | undefined {
    const { domain, port } = this.parts.place;
    return isPublic && app ? `http://status.${domain}:${port}/${app}/incidents/${id}` : undefined;
  }

  /** A channel that fails is not told that it fails. */
  private async channelsFor(connection: Connection, incident: IncidentRow): Promise<ChannelRow[]> {
    const channels = await channelsOf(connection, incident.app ?? null);
    if (incident.grouping !== "platform/notifications") return channels;
    return channels.filter(({ failing }) => failing === null);
  }

  private async noteMissing(connection: Connection, incident: IncidentRow, missing: string[]): Promise<void> {
    for (const name of missing) {
      await addEvent(connection, incident.id, {
        ...{ kind: "missing", actor: platformActor("notifications"), ref: `channel/${name}` },
        message: `The runbook names ${name}, and no channel is called so: evenkeel notify channels add ${name}`,
      });
    }
  }
}

const escalationPolicy = (incident: IncidentRow, policy: IncidentPolicy): EscalationPolicy => ({
  severity: policy.classes.find(({ name }) => name === incident.severity) ?? policy.classes.at(-1)!,
  hours: policy.hours,
  people: policy.onCall?.rotation.length ?? 1,
});

const plainId = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, "-")
    .slice(-120);

const keep = (connection: Connection, id: number, state: EscalationState): Promise<unknown> =>
  connection.query("UPDATE incidents SET escalation = $2 WHERE id = $1", [id, JSON.stringify(state)]);
