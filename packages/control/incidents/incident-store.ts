import type { AppEnvironment, AppName } from "@evenkeel/model";
import type { Incident, IncidentCause, IncidentEvent } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";
import type { Actor } from "./actor.ts";
import type { EscalationState } from "./escalation.ts";
import type { TroubleReport } from "./trouble.ts";

export interface IncidentRow extends Partial<AppEnvironment> {
  id: number;
  grouping: string | null;
  severity: string;
  rank: number;
  title: string;
  isDrill: boolean;
  isPublic: boolean;
  /** Its app's own pages show it. */
  hasBanner: boolean;
  state: Incident["state"];
  phase: Incident["phase"];
  revision: number;
  beganAt: Date;
  openedAt: Date;
  acknowledgedAt: Date | null;
  acknowledgedBy: Actor | null;
  recoveredAt: Date | null;
  resolvedAt: Date | null;
  resolvedBy: Actor | null;
  flaps: number;
  suspect: Incident["suspect"] | null;
  escalation: EscalationState | null;
  followUps: string[];
  components: string[];
}

const columns = `id::integer, app, environment, grouping, severity, rank, title, is_drill AS "isDrill", is_public AS "isPublic", has_banner AS "hasBanner", state, phase, revision,
  began_at AS "beganAt", opened_at AS "openedAt", acknowledged_at AS "acknowledgedAt", acknowledged_by AS "acknowledgedBy",
  recovered_at AS "recoveredAt", resolved_at AS "resolvedAt", resolved_by AS "resolvedBy", flaps, suspect, escalation,
  follow_ups AS "followUps",
  (SELECT coalesce(array_agg(DISTINCT component ORDER BY component), '{}') FROM incident_causes WHERE incident = incidents.id) AS components`;

type Row = IncidentRow & Record<string, unknown>;

/** @param lock until the transaction ends */
export const readIncident = (
  connection: Connection,
  id: number,
  lock = false,
): Promise<IncidentRow | undefined> =>
  first(
    connection.query<Row>(`SELECT ${columns} FROM incidents WHERE id = $1${lock ? " FOR UPDATE" : ""}`, [id]),
  );

export const lockOpenIncident = (
  connection: Connection,
  grouping: string,
): Promise<IncidentRow | undefined> =>
  first(
    connection.query<Row>(
      `SELECT ${columns} FROM incidents WHERE grouping = $1 AND state <> 'resolved' FOR UPDATE`,
      [grouping],
    ),
  );

/** One that the platform resolved so lately that it may go on. */
export const lockReopenable = (
  connection: Connection,
  grouping: string,
  withinMs: number,
): Promise<IncidentRow | undefined> =>
  first(
    connection.query<Row>(
      `SELECT ${columns} FROM incidents WHERE grouping = $1 AND state = 'resolved' AND resolved_by ->> 'kind' = 'platform'
         AND resolved_at > now() - make_interval(secs => $2) ORDER BY resolved_at DESC LIMIT 1 FOR UPDATE`,
      [grouping, withinMs / 1_000],
    ),
  );

export const unresolvedIncidents = (connection: Connection): Promise<IncidentRow[]> =>
  connection.query<Row>(`SELECT ${columns} FROM incidents WHERE state <> 'resolved' ORDER BY id`);

export interface IncidentFilter {
  apps?: AppName[] | undefined;
  state: "all" | "unresolved" | "resolved";
  before?: number | undefined;
  limit: number;
}

/** Newest first; those of the platform itself only where all apps are asked for. */
export const listIncidentRows = (
  connection: Connection,
  { apps, state, before, limit }: IncidentFilter,
): Promise<IncidentRow[]> =>
  connection.query<Row>(
    `SELECT ${columns} FROM incidents WHERE ($1::text[] IS NULL OR app = ANY ($1)) AND ($2::bigint IS NULL OR id < $2)
       AND ($3 = 'all' OR ($3 = 'resolved') = (state = 'resolved')) ORDER BY incidents.id DESC LIMIT $4`,
    [apps ?? null, before ?? null, state, limit],
  );

export interface NewIncidentRow extends Partial<AppEnvironment> {
  grouping: string | null;
  severity: string;
  rank: number;
  title: string;
  isDrill: boolean;
  isPublic: boolean;
  beganAtMs: number;
  suspect: Incident["suspect"] | undefined;
}

/** @returns undefined where another one of this grouping is open */
export const insertIncident = (
  connection: Connection,
  row: NewIncidentRow,
): Promise<{ id: number } | undefined> =>
  first(
    connection.query<{ id: number }>(
      `INSERT INTO incidents (app, environment, grouping, severity, rank, title, is_drill, is_public, began_at, suspect)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (grouping) WHERE state <> 'resolved' DO NOTHING RETURNING id::integer`,
      [
        ...[row.app ?? null, row.environment ?? null, row.grouping, row.severity, row.rank, row.title],
        ...[
          row.isDrill,
          row.isPublic,
          new Date(row.beganAtMs),
          row.suspect ? JSON.stringify(row.suspect) : null,
        ],
      ],
    ),
  );

export interface CauseRow {
  key: string;
  source: string;
  component: string;
  rank: number;
  title: string;
  evidence: Record<string, unknown>;
  reports: number;
  beganAt: Date;
  reportedAt: Date;
  recoveredAt: Date | null;
}

export const causesOf = (connection: Connection, incident: number): Promise<CauseRow[]> =>
  connection.query<CauseRow & Record<string, unknown>>(
    `SELECT key, source, component, rank, title, evidence, reports, began_at AS "beganAt", reported_at AS "reportedAt",
       recovered_at AS "recoveredAt" FROM incident_causes WHERE incident = $1 ORDER BY began_at, key`,
    [incident],
  );

export interface EventRow {
  kind: string;
  actor: Actor;
  message: string;
  isPublic?: boolean;
  detail?: Record<string, unknown> | undefined;
  ref?: string;
  atMs?: number;
}

/** @returns false where what it tells of is told already */
export async function addEvent(
  connection: Connection,
  incident: number,
  { kind, actor, message, isPublic = false, detail, ref, atMs }: EventRow,
): Promise<boolean> {
  const rows = await connection.query(
    `INSERT INTO incident_events (incident, at, kind, actor, message, is_public, detail, ref)
     VALUES ($1, coalesce($2, now()), $3, $4, $5, $6, $7, $8) ON CONFLICT (incident, ref) WHERE ref IS NOT NULL DO NOTHING RETURNING 1`,
    [
      ...[
        incident,
        atMs === undefined ? null : new Date(atMs),
        kind,
        JSON.stringify(actor),
        message,
        isPublic,
      ],
      ...[detail ? JSON.stringify(detail) : null, ref ?? null],
    ],
  );
  return rows.length > 0;
}

export const timelineOf = async (connection: Connection, incident: number): Promise<IncidentEvent[]> => {
  const rows = await connection.query<{
    id: number;
    at: Date;
    kind: string;
    actor: Actor;
    message: string;
    is_public: boolean;
    detail: Record<string, unknown> | null;
  }>(
    `SELECT id, at, kind, actor, message, is_public, detail FROM incident_events WHERE incident = $1 ORDER BY at, id`,
    [incident],
  );
  return rows.map(({ id, at, kind, actor, message, is_public, detail }) => ({
    ...{ id, atMs: at.getTime(), kind, actor, message, isPublic: is_public },
    ...(detail && { detail }),
  }));
};

export const incidentView = (row: IncidentRow): Incident => ({
  ...{ id: row.id, severity: row.severity, rank: row.rank, title: row.title, isDrill: row.isDrill },
  ...(row.app && { app: row.app }),
  ...(row.environment && { environment: row.environment }),
  ...{ isPublic: row.isPublic, state: row.state, phase: row.phase, revision: row.revision },
  ...{ beganAtMs: row.beganAt.getTime(), openedAtMs: row.openedAt.getTime() },
  ...(row.acknowledgedAt && { acknowledgedAtMs: row.acknowledgedAt.getTime() }),
  ...(row.acknowledgedBy && { acknowledgedBy: row.acknowledgedBy }),
  ...(row.recoveredAt && { recoveredAtMs: row.recoveredAt.getTime() }),
  ...(row.resolvedAt && { resolvedAtMs: row.resolvedAt.getTime() }),
  ...(row.resolvedBy && { resolvedBy: row.resolvedBy }),
  ...(row.suspect && { suspect: row.suspect }),
  ...{ flaps: row.flaps, components: row.components, followUps: row.followUps },
});

export const causeView = (row: CauseRow): IncidentCause => ({
  ...{ key: row.key, source: row.source, component: row.component, title: row.title, evidence: row.evidence },
  ...{ reports: row.reports, beganAtMs: row.beganAt.getTime(), reportedAtMs: row.reportedAt.getTime() },
  ...(row.recoveredAt && { recoveredAtMs: row.recoveredAt.getTime() }),
});

/** What holds incidents open that no person opened, as it was reported. */
export async function openTroubles(connection: Connection): Promise<TroubleReport[]> {
  const rows = await connection.query<{
    app: AppName | null;
    environment: AppEnvironment["environment"] | null;
    source: TroubleReport["source"];
    key: string;
    component: string;
    title: string;
    severity: string;
  }>(
    `SELECT app, environment, source, key, component, incident_causes.title, severity FROM incidents JOIN incident_causes ON incident = incidents.id
     WHERE state <> 'resolved' AND incident_causes.recovered_at IS NULL AND source NOT IN ('person', 'drill')`,
  );
  return rows.map(({ app, environment, ...rest }) => ({
    ...rest,
    ...(app !== null && { app }),
    ...(environment !== null && { environment }),
  }));
}
