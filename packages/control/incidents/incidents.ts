import type { AppEnvironment, AppName } from "@evenkeel/model";
import type { Incident, IncidentInFull, NewIncident } from "../api/contract/index.ts";
import { record } from "../audit/audit-log.ts";
import { type Connection, first } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { IncidentMovedError, IncidentStateError, IncidentUnknownError } from "../errors.ts";
import { type Actor, platformActor } from "./actor.ts";
import { isSettled, reopenWithinMs, settleTimeMs } from "./flap-guard.ts";
import { type IncidentPolicy, incidentPolicy } from "./incident-policy.ts";
import {
  addEvent,
  causesOf,
  causeView,
  type IncidentFilter,
  type IncidentRow,
  incidentView,
  insertIncident,
  listIncidentRows,
  lockOpenIncident,
  lockReopenable,
  readIncident,
  timelineOf,
  unresolvedIncidents,
} from "./incident-store.ts";
import { rankOf } from "./severity-classes.ts";
import { suspectRelease } from "./suspect-release.ts";
import { groupingOf, type TroubleOf, type TroubleReport } from "./trouble.ts";

/** What became of an incident in one transaction. */
export interface IncidentChange {
  kind: "opened" | "reopened" | "raised" | "joined" | "recovered" | "acknowledged" | "updated" | "resolved";
  /** As it is from now on. */
  incident: IncidentRow;
  policy: IncidentPolicy;
  actor: Actor;
  message: string;
  /** Told outside. */
  isPublic: boolean;
}

export interface IncidentParts {
  database: Database;
  /** Within the transaction of each change: who is to be told of it is as durable as the change itself. */
  plan(connection: Connection, change: IncidentChange): Promise<void>;
  /** After it. */
  onCommit(change: IncidentChange): void;
}

/** The same trouble told again within it is only counted. */
const countOnlyMs = 5_000;
/** Of one incident; what is beyond is counted under one name. */
const mostCauses = 200;
const furtherCauses = "further";
/** What a person resolved although it still held stays quiet for so long, unless it has recovered before. */
const muteMs = 30 * 60_000;

interface Held {
  incident: number;
  /** As it was told; unknown after a start. */
  severity?: string;
  writtenAtMs: number;
  /** Reports that are not written yet. */
  counted: number;
}

/**
 * Troubles of apps and of the platform, and what people do about them. Whoever finds a trouble reports it, as often as they like, and tells when it is
 * over; one outage is one incident: what is told of an app environment while an incident of it is open belongs to it.
 *
 * - A trouble is written, and with it who is to be told, before `report` returns; a repetition after a crash finds it.
 * - An incident whose causes are all gone is resolved once they have stayed away (`flap-guard.ts`).
 * - Two people who act at once: the second is told that the incident has moved.
 */
export class Incidents {
  /** Causes that hold, by grouping and key. */
  private readonly held = new Map<string, Held>();
  /** The report of each grouping that is under way or waits last. */
  private readonly turns = new Map<string, Promise<unknown>>();
  private loaded = false;
  private unresolvedCount = 0;

  constructor(private readonly parts: IncidentParts) {}

  /** Whether anything is open, as far as this process knows. */
  get hasUnresolved(): boolean {
    return this.unresolvedCount > 0;
  }

  /** What a control plane before this one left open. */
  async load(): Promise<void> {
    const rows = await this.parts.database.query<{
      id: number;
      grouping: string | null;
      key: string;
    }>(
      `SELECT incidents.id::integer, grouping, key FROM incidents JOIN incident_causes ON incident = incidents.id
       WHERE incident_causes.recovered_at IS NULL AND (state <> 'resolved' OR resolved_at > now() - make_interval(secs => $1))`,
      [muteMs / 1_000],
    );
    for (const { id, grouping, key } of rows)
      if (grouping !== null)
        this.held.set(heldKey(grouping, key), { incident: id, writtenAtMs: 0, counted: 0 });
    this.loaded = true;
    await this.recount();
  }

  /**
   * Something is wrong. May be told again and again, by several, after a crash.
   *
   * @throws DatabaseUnavailableError: nothing was noted; tell it again
   */
  async report(report: TroubleReport): Promise<{ incident: number; opened: boolean }> {
    const grouping = groupingOf(report);
    // One after the other, so that a storm takes one connection and not all of them.
    const turn = (this.turns.get(grouping) ?? Promise.resolve()).then(
      () => this.takeTurn(report, grouping),
      () => this.takeTurn(report, grouping),
    );
    this.turns.set(grouping, turn);
    try {
      return await turn;
    } finally {
      if (this.turns.get(grouping) === turn) this.turns.delete(grouping);
    }
  }

  private async takeTurn(
    report: TroubleReport,
    grouping: string,
  ): Promise<{ incident: number; opened: boolean }> {
    const held = this.held.get(heldKey(grouping, report.key));
    if (held?.severity === report.severity && Date.now() - held.writtenAtMs < countOnlyMs) {
      held.counted++;
      return { incident: held.incident, opened: false };
    }
    const policy = await this.policyOf(report);
    const rank = rankOf(report.severity, policy.classes);
    const taken = await this.parts.database.transaction((connection) =>
      this.take(connection, report, { grouping, rank, policy }),
    );
    this.held.set(heldKey(grouping, report.key), {
      ...{ incident: taken.incident, severity: report.severity, writtenAtMs: Date.now(), counted: 0 },
    });
    if (taken.change) await this.committed(taken.change);
    return { incident: taken.incident, opened: taken.change?.kind === "opened" };
  }

  /** A trouble is over; nothing happens where none of that key holds. @throws DatabaseUnavailableError */
  async recovered(of: TroubleOf): Promise<void> {
    const grouping = groupingOf(of);
    const held = heldKey(grouping, of.key);
    if (this.loaded && !this.held.has(held)) return;
    const change = await this.parts.database.transaction(async (connection) => {
      const rows = await connection.query<{ incident: number }>(
        `UPDATE incident_causes SET recovered_at = now(), reports = reports + $3 FROM incidents
         WHERE incidents.id = incident AND grouping = $1 AND key = $2 AND incident_causes.recovered_at IS NULL RETURNING incident::integer`,
        [grouping, of.key, this.held.get(held)?.counted ?? 0],
      );
      if (rows.length === 0) return undefined;
      return this.settleCauses(connection, rows[0]!.incident);
    });
    this.held.delete(held);
    if (change) await this.committed(change);
  }

  /** Adds to the timeline what was done, once for each `ref`; to the open incident of that app environment, if there is one. */
  async note(
    of: { app: string; environment: string },
    event: {
      kind: string;
      message: string;
      ref: string;
      detail?: Record<string, unknown>;
      atMs?: number;
      actor?: Actor;
    },
  ): Promise<void> {
    const { database } = this.parts;
    const open = await first(
      database.query<{ id: number }>(
        "SELECT id::integer FROM incidents WHERE grouping = $1 AND state <> 'resolved'",
        [`${of.app}/${of.environment}`],
      ),
    );
    if (open) await addEvent(database, open.id, { actor: platformActor("platform"), ...event });
  }

  // --- people ----------------------------------------------------------------------------------

  /** @throws DatabaseUnavailableError */
  async open(app: AppName, wish: NewIncident, actor: Actor): Promise<Incident> {
    const of = { app, environment: wish.environment };
    const policy = await this.policyOf(of);
    const rank = rankOf(wish.severity, policy.classes);
    const change = await this.parts.database.transaction(async (connection) => {
      const row = {
        ...{ ...of, severity: policy.classes[rank]!.name, rank, title: wish.title, isDrill: false },
        ...{ isPublic: wish.isPublic, beganAtMs: Date.now() },
        suspect: await suspectRelease(connection, of),
      };
      const grouping = `${app}/${wish.environment}`;
      // Beside one that is open already it stands for itself.
      const { id } =
        (await insertIncident(connection, { ...row, grouping })) ??
        (await insertIncident(connection, { ...row, grouping: null }))!;
      for (const component of wish.components)
        await connection.query(
          `INSERT INTO incident_causes (incident, key, source, component, rank, title, began_at) VALUES ($1, $2, 'person', $3, $4, $5, now())`,
          [id, `person/${component}`, component, rank, wish.title],
        );
      const message = wish.message ?? wish.title;
      await addEvent(connection, id, { kind: "opened", actor, message, isPublic: wish.isPublic });
      await record(connection, { who: actor.name, action: "incident.open", app, object: String(id) });
      return this.changed(connection, id, "opened", { policy, actor, message, isPublic: wish.isPublic });
    });
    await this.committed(change);
    return incidentView(change.incident);
  }

  /** @throws IncidentUnknownError, IncidentMovedError, IncidentStateError */
  acknowledge(
    id: number,
    actor: Actor,
    given: { seenRevision?: number | undefined; message?: string | undefined },
  ): Promise<Incident> {
    return this.act(id, "acknowledged", actor, given.seenRevision, async (connection, incident) => {
      if (incident.state !== "open")
        throw new IncidentStateError(id, incident.state, incident.acknowledgedBy?.name);
      await connection.query(
        "UPDATE incidents SET state = 'acknowledged', acknowledged_at = now(), acknowledged_by = $2 WHERE id = $1",
        [id, JSON.stringify(actor)],
      );
      return { message: given.message ?? `${actor.name} sees to it`, isPublic: false };
    });
  }

  /** @throws IncidentUnknownError, IncidentMovedError, IncidentStateError */
  update(
    id: number,
    actor: Actor,
    given: {
      seenRevision?: number | undefined;
      message?: string | undefined;
      phase?: "investigating" | "identified" | "monitoring" | undefined;
      severity?: string | undefined;
      title?: string | undefined;
      isPublic: boolean;
      onStatusPage?: boolean | undefined;
      followUp?: string | undefined;
    },
  ): Promise<Incident> {
    return this.act(id, "updated", actor, given.seenRevision, async (connection, incident, policy) => {
      const isOnlyFollowUp =
        given.followUp !== undefined &&
        given.message === undefined &&
        given.phase === undefined &&
        given.severity === undefined &&
        given.title === undefined &&
        given.onStatusPage === undefined;
      if (incident.state === "resolved" && !isOnlyFollowUp)
        throw new IncidentStateError(id, "resolved", incident.resolvedBy?.name);
      const rank = given.severity === undefined ? incident.rank : rankOf(given.severity, policy.classes);
      await connection.query(
        `UPDATE incidents SET phase = coalesce($2, phase), rank = $3, severity = $4, title = coalesce($5, title), is_public = coalesce($6, is_public),
           follow_ups = follow_ups || $7::jsonb WHERE id = $1`,
        [
          ...[
            id,
            given.phase ?? null,
            rank,
            given.severity === undefined ? incident.severity : policy.classes[rank]!.name,
          ],
          ...[
            given.title ?? null,
            given.onStatusPage ?? null,
            JSON.stringify(given.followUp === undefined ? [] : [given.followUp]),
          ],
        ],
      );
      const said = [
        given.message,
        given.severity !== undefined && rank !== incident.rank
          ? `Severity is ${policy.classes[rank]!.name}`
          : undefined,
        given.message === undefined && given.phase !== undefined ? `Phase: ${given.phase}` : undefined,
        given.followUp === undefined ? undefined : `Follow-up: ${given.followUp}`,
      ].filter((text) => text !== undefined);
      return {
        message: said.join(". ") || "Changed",
        isPublic: given.isPublic && (given.message !== undefined || given.phase !== undefined),
        kind: rank < incident.rank ? ("raised" as const) : ("updated" as const),
      };
    });
  }

  /** @throws IncidentUnknownError, IncidentMovedError, IncidentStateError */
  resolve(
    id: number,
    actor: Actor,
    given: { seenRevision?: number | undefined; message?: string | undefined },
  ): Promise<Incident> {
    return this.act(id, "resolved", actor, given.seenRevision, async (connection, incident) => {
      if (incident.state === "resolved")
        throw new IncidentStateError(id, "resolved", incident.resolvedBy?.name);
      await connection.query(
        `UPDATE incidents SET state = 'resolved', phase = 'resolved', resolved_at = now(), resolved_by = $2, escalation = NULL,
           recovered_at = coalesce(recovered_at, now()) WHERE id = $1`,
        [id, JSON.stringify(actor)],
      );
      await connection.query(
        "UPDATE incident_causes SET recovered_at = now() WHERE incident = $1 AND source = 'person' AND recovered_at IS NULL",
        [id],
      );
      return { message: given.message ?? "Resolved", isPublic: true };
    });
  }

  // --- reading ---------------------------------------------------------------------------------

  async list(filter: IncidentFilter): Promise<Incident[]> {
    return (await listIncidentRows(this.parts.database, filter)).map(incidentView);
  }

  /** @throws IncidentUnknownError */
  async get(id: number): Promise<IncidentInFull> {
    const { database } = this.parts;
    const row = await readIncident(database, id);
    if (!row) throw new IncidentUnknownError(id);
    const [causes, timeline] = await Promise.all([causesOf(database, id), timelineOf(database, id)]);
    return { ...incidentView(row), causes: causes.map(causeView), timeline };
  }

  /** @param connection of the caller's transaction, which must not wait for another one */
  policyOf(
    of: {
      app?: AppName | null | undefined;
      environment?: AppEnvironment["environment"] | null | undefined;
    },
    connection: Connection = this.parts.database,
  ): Promise<IncidentPolicy> {
    return incidentPolicy(connection, { app: of.app ?? undefined, environment: of.environment ?? undefined });
  }

  // --- time ------------------------------------------------------------------------------------

  /** Resolves what has settled, and writes what was only counted. */
  async round(nowMs: number): Promise<void> {
    await this.flushCounts();
    for (const row of await unresolvedIncidents(this.parts.database)) {
      const recoveredAtMs = row.recoveredAt?.getTime();
      if (!isSettled({ recoveredAtMs, flaps: row.flaps }, nowMs)) continue;
      const policy = await this.policyOf(row);
      const change = await this.parts.database.transaction(async (connection) => {
        const now = await readIncident(connection, row.id, true);
        if (!now || now.state === "resolved" || now.recoveredAt?.getTime() !== recoveredAtMs)
          return undefined;
        const actor = platformActor("incidents");
        const seconds = Math.round(settleTimeMs(now.flaps) / 1_000);
        const message = `Resolved: nothing has been wrong for ${seconds} s`;
        await connection.query(
          `UPDATE incidents SET state = 'resolved', phase = 'resolved', resolved_at = now(), resolved_by = $2, escalation = NULL, revision = revision + 1
           WHERE id = $1`,
          [row.id, JSON.stringify(actor)],
        );
        await addEvent(connection, row.id, { kind: "resolved", actor, message, isPublic: true });
        return this.changed(connection, row.id, "resolved", { policy, actor, message, isPublic: true });
      });
      if (change) await this.committed(change);
    }
    await this.recount();
  }

  // --- within transactions -----------------------------------------------------------------------

  private async take(
    connection: Connection,
    report: TroubleReport,
    { grouping, rank, policy }: { grouping: string; rank: number; policy: IncidentPolicy },
  ): Promise<{ incident: number; change?: IncidentChange }> {
    const actor = platformActor(report.source);
    const beganAtMs = report.beganAtMs ?? Date.now();
    const open = await lockOpenIncident(connection, grouping);
    if (open) return this.join(connection, open, report, { rank, policy, actor, beganAtMs });
    const muted = await first(
      connection.query<{ id: number }>(
        `SELECT incidents.id::integer FROM incidents JOIN incident_causes ON incident = incidents.id
         WHERE grouping = $1 AND key = $2 AND incident_causes.recovered_at IS NULL AND state = 'resolved' AND resolved_by ->> 'kind' <> 'platform'
           AND resolved_at > now() - make_interval(secs => $3) LIMIT 1`,
        [grouping, report.key, muteMs / 1_000],
      ),
    );
    if (muted) return { incident: muted.id };
    const before = await lockReopenable(connection, grouping, reopenWithinMs);
    if (before) return this.reopen(connection, before, report, { rank, policy, actor, beganAtMs });
    const suspect = report.release ?? (await suspectRelease(connection, report));
    const inserted = await insertIncident(connection, {
      ...(report.app !== undefined && { app: report.app }),
      ...(report.environment !== undefined && { environment: report.environment }),
      ...{ grouping, severity: policy.classes[rank]!.name, rank, title: report.title.slice(0, 200) },
      ...{
        isDrill: report.source === "drill",
        isPublic: report.app !== undefined && report.source !== "drill",
      },
      ...{ beganAtMs, suspect },
    });
    // Somebody else has opened it in this moment; it is there now.
    if (!inserted) {
      const other = (await lockOpenIncident(connection, grouping))!;
      return this.join(connection, other, report, { rank, policy, actor, beganAtMs });
    }
    const { id } = inserted;
    await this.putCause(connection, id, report, rank, beganAtMs);
    await addEvent(connection, id, {
      ...{ kind: "opened", actor, message: report.title, detail: { key: report.key, ...report.evidence } },
      isPublic: false,
    });
    if (suspect) {
      await addEvent(connection, id, {
        ...{ kind: "suspect", actor, detail: { ...suspect } },
        message: `Release v${suspect.release} (${suspect.deployment}) is suspected`,
      });
    }
    const change = await this.changed(connection, id, "opened", {
      ...{ policy, actor, message: report.title, isPublic: true },
    });
    return { incident: id, change };
  }

  private async join(
    connection: Connection,
    open: IncidentRow,
    report: TroubleReport,
    {
      rank,
      policy,
      actor,
      beganAtMs,
    }: { rank: number; policy: IncidentPolicy; actor: Actor; beganAtMs: number },
  ): Promise<{ incident: number; change?: IncidentChange }> {
    const known = await this.putCause(connection, open.id, report, rank, beganAtMs);
    const isRaised = rank < open.rank;
    const cameBack = open.recoveredAt !== null;
    if (known === "same" && !isRaised && !cameBack) return { incident: open.id };
    await connection.query(
      `UPDATE incidents SET rank = $2, severity = $3, title = $4, recovered_at = NULL, flaps = flaps + $5, revision = revision + 1,
         phase = CASE WHEN $5 = 1 AND phase = 'monitoring' THEN 'investigating' ELSE phase END WHERE id = $1`,
      [
        ...[open.id, Math.min(rank, open.rank), isRaised ? policy.classes[rank]!.name : open.severity],
        ...[isRaised ? report.title.slice(0, 200) : open.title, cameBack ? 1 : 0],
      ],
    );
    const kind = isRaised ? "raised" : "joined";
    const message = isRaised
      ? `Now ${policy.classes[rank]!.name}: ${report.title}`
      : cameBack
        ? `Came back: ${report.title}`
        : report.title;
    await addEvent(connection, open.id, {
      ...{ kind: cameBack && !isRaised ? "came_back" : kind, actor, message },
      detail: { key: report.key, ...report.evidence },
    });
    return {
      incident: open.id,
      change: await this.changed(connection, open.id, kind, { policy, actor, message, isPublic: isRaised }),
    };
  }

  private async reopen(
    connection: Connection,
    before: IncidentRow,
    report: TroubleReport,
    {
      rank,
      policy,
      actor,
      beganAtMs,
    }: { rank: number; policy: IncidentPolicy; actor: Actor; beganAtMs: number },
  ): Promise<{ incident: number; change: IncidentChange }> {
    await this.putCause(connection, before.id, report, rank, beganAtMs);
    const gravest = Math.min(rank, before.rank);
    await connection.query(
      `UPDATE incidents SET state = 'open', phase = 'investigating', rank = $2, severity = $3, resolved_at = NULL, resolved_by = NULL, recovered_at = NULL,
         acknowledged_at = NULL, acknowledged_by = NULL, flaps = flaps + 1, revision = revision + 1 WHERE id = $1`,
      [before.id, gravest, rank < before.rank ? policy.classes[rank]!.name : before.severity],
    );
    const message = `Came back: ${report.title}`;
    await addEvent(connection, before.id, {
      ...{ kind: "reopened", actor, message, detail: { key: report.key, ...report.evidence } },
    });
    return {
      incident: before.id,
      change: await this.changed(connection, before.id, "reopened", {
        policy,
        actor,
        message,
        isPublic: true,
      }),
    };
  }

  private async putCause(
    connection: Connection,
    incident: number,
    report: TroubleReport,
    rank: number,
    beganAtMs: number,
  ): Promise<"new" | "same"> {
    const { key, source, component, title } = report;
    const counted = 1 + (this.held.get(heldKey(groupingOf(report), key))?.counted ?? 0);
    const known = await first(
      connection.query<{ recovered: boolean }>(
        `UPDATE incident_causes SET reports = reports + $3, reported_at = now(), rank = least(rank, $4), recovered_at = NULL, evidence = $5
         FROM (SELECT recovered_at IS NOT NULL AS recovered FROM incident_causes WHERE incident = $1 AND key = $2) AS before
         WHERE incident = $1 AND key = $2 RETURNING before.recovered`,
        [incident, key, counted, rank, JSON.stringify(report.evidence ?? {})],
      ),
    );
    if (known) return known.recovered ? "new" : "same";
    const [{ count }] = (await connection.query<{ count: number }>(
      "SELECT count(*)::integer AS count FROM incident_causes WHERE incident = $1",
      [incident],
    )) as [{ count: number }];
    const isFurther = count >= mostCauses;
    await connection.query(
      `INSERT INTO incident_causes (incident, key, source, component, rank, title, evidence, began_at, recovered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (incident, key) DO UPDATE SET reports = incident_causes.reports + 1, reported_at = now()`,
      [
        ...[incident, isFurther ? furtherCauses : key, source, component, rank],
        ...[isFurther ? "Further troubles, which are only counted" : title.slice(0, 200)],
        ...[JSON.stringify(isFurther ? {} : (report.evidence ?? {})), new Date(beganAtMs)],
        // What is only counted does not hold the incident open.
        isFurther ? new Date() : null,
      ],
    );
    return isFurther ? "same" : "new";
  }

  /** After one of its causes is gone. */
  private async settleCauses(connection: Connection, id: number): Promise<IncidentChange | undefined> {
    const incident = await readIncident(connection, id, true);
    if (!incident || incident.state === "resolved" || incident.recoveredAt) return undefined;
    const left = await connection.query(
      "SELECT 1 FROM incident_causes WHERE incident = $1 AND recovered_at IS NULL LIMIT 1",
      [id],
    );
    if (left.length > 0) return undefined;
    const actor = platformActor("incidents");
    const message = "Nothing is wrong any more; it is resolved when that stays so";
    await connection.query(
      "UPDATE incidents SET recovered_at = now(), phase = 'monitoring', revision = revision + 1 WHERE id = $1",
      [id],
    );
    await addEvent(connection, id, { kind: "recovered", actor, message });
    const policy = await this.policyOf(incident, connection);
    return this.changed(connection, id, "recovered", { policy, actor, message, isPublic: false });
  }

  private async act(
    id: number,
    kind: IncidentChange["kind"],
    actor: Actor,
    seenRevision: number | undefined,
    work: (
      connection: Connection,
      incident: IncidentRow,
      policy: IncidentPolicy,
    ) => Promise<{ message: string; isPublic: boolean; kind?: IncidentChange["kind"] }>,
  ): Promise<Incident> {
    const change = await this.parts.database.transaction(async (connection) => {
      const incident = await readIncident(connection, id, true);
      if (!incident) throw new IncidentUnknownError(id);
      if (seenRevision !== undefined && seenRevision !== incident.revision)
        throw new IncidentMovedError(id, seenRevision, incident.revision);
      const policy = await this.policyOf(incident, connection);
      const done = await work(connection, incident, policy);
      await connection.query("UPDATE incidents SET revision = revision + 1 WHERE id = $1", [id]);
      const isPublic = done.isPublic && incident.isPublic;
      await addEvent(connection, id, { kind: done.kind ?? kind, actor, message: done.message, isPublic });
      await record(connection, {
        ...{ who: actor.name, action: `incident.${kind}`, object: String(id) },
        ...(incident.app && { app: incident.app }),
      });
      return this.changed(connection, id, done.kind ?? kind, {
        policy,
        actor,
        message: done.message,
        isPublic,
      });
    });
    if (kind === "resolved") this.forget(id);
    await this.committed(change);
    return incidentView(change.incident);
  }

  private async changed(
    connection: Connection,
    id: number,
    kind: IncidentChange["kind"],
    told: Omit<IncidentChange, "incident" | "kind">,
  ): Promise<IncidentChange> {
    const change: IncidentChange = { kind, incident: (await readIncident(connection, id))!, ...told };
    await this.parts.plan(connection, change);
    return change;
  }

  private async committed(change: IncidentChange): Promise<void> {
    if (change.kind === "opened" || change.kind === "reopened") this.unresolvedCount++;
    this.parts.onCommit(change);
  }

  /** Of those that a person resolved: what still holds is written anew when it is told the next time. */
  private forget(incident: number): void {
    for (const held of this.held.values()) if (held.incident === incident) held.writtenAtMs = 0;
  }

  private async flushCounts(): Promise<void> {
    const counted = [...this.held].filter(([, { counted }]) => counted > 0);
    for (const [key, held] of counted) {
      const count = held.counted;
      await this.parts.database.query(
        `UPDATE incident_causes SET reports = reports + $3, reported_at = now() WHERE incident = $1
           AND key = coalesce((SELECT key FROM incident_causes WHERE incident = $1 AND key = $2), $4)`,
        [held.incident, key.slice(key.indexOf("\n") + 1), count, furtherCauses],
      );
      held.counted -= count;
    }
  }

  private async recount(): Promise<void> {
    const [row] = await this.parts.database.query<{ count: number }>(
      "SELECT count(*)::integer AS count FROM incidents WHERE state <> 'resolved'",
    );
    this.unresolvedCount = row!.count;
  }
}

const heldKey = (grouping: string, key: string): string => `${grouping}\n${key}`;
