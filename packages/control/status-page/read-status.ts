import type { AppName } from "@evenkeel/model";
import type { Place } from "../apps/hosts.ts";
import type { Connection } from "../database/connection.ts";
import { deploymentRunbook, releasedIn } from "../runbook/runbook-store.ts";
import {
  type ComponentState,
  componentName,
  type StatusComponent,
  type StatusDay,
  type StatusIncident,
  type StatusMaintenance,
  type StatusModel,
} from "./status-model.ts";

const dayMs = 86_400_000;
export const shownDays = 90;
/** Resolved incidents are shown for so long. */
const pastMs = 14 * dayMs;
const impacts = ["critical", "major", "minor"] as const;
const states: ComponentState[] = ["major_outage", "partial_outage", "degraded_performance"];

export interface ReadParts {
  database: Connection;
  place: Place;
  /** Share of an app's requests that were answered well, by day. */
  uptime(app: AppName): Promise<ReadonlyMap<string, number>>;
}

interface AppStatus {
  app: AppName;
  title: string;
  createdAtMs: number;
  components: StatusComponent[];
  incidents: StatusIncident[];
  maintenances: StatusMaintenance[];
}

/** The pages there are: one for each app that has its status in public, and the joint one. */
export async function readStatusPages(parts: ReadParts, nowMs: number): Promise<StatusModel[]> {
  const apps: AppStatus[] = [];
  for (const each of await publicApps(parts.database)) apps.push(await readApp(parts, each, nowMs));
  const { domain, port } = parts.place;
  const url = `http://status.${domain}${port === 80 ? "" : `:${port}`}`;
  const joint: StatusModel = {
    ...{ title: apps.length === 1 ? apps[0]!.title : "Status", url, asOfMs: nowMs },
    createdAtMs: Math.min(nowMs, ...apps.map(({ createdAtMs }) => createdAtMs)),
    components: apps.flatMap(({ components, title }) =>
      components.map((each) => ({ ...each, group: title })),
    ),
    incidents: apps
      .flatMap(({ incidents }) => incidents)
      .sort((one, other) => other.openedAtMs - one.openedAtMs),
    maintenances: apps
      .flatMap(({ maintenances }) => maintenances)
      .sort((one, other) => one.startsAtMs - other.startsAtMs),
  };
  return [joint, ...apps.map((each) => ({ ...each, url: `${url}/${each.app}`, asOfMs: nowMs }))];
}

interface PublicApp {
  name: AppName;
  title: string | null;
  is_public: boolean | null;
  created_at: Date;
}

/** Those that somebody has made public, and those whose runbook tells people by a status page. */
async function publicApps(connection: Connection): Promise<PublicApp[]> {
  const rows = await connection.query<PublicApp & Record<string, unknown>>(
    `SELECT name, title, is_public, created_at FROM apps LEFT JOIN status_pages ON status_pages.app = name ORDER BY name`,
  );
  const shown: PublicApp[] = [];
  for (const row of rows) if (row.is_public ?? (await hasStatusPage(connection, row.name))) shown.push(row);
  return shown;
}

async function hasStatusPage(connection: Connection, app: AppName): Promise<boolean> {
  const released = await releasedIn(connection, app, "production");
  if (!released?.hasRunbook) return false;
  try {
    const plan = (await deploymentRunbook(connection, released.deployment))?.plan;
    const ways = [
      ...Object.values(plan?.communication?.external ?? {}).flat(),
      ...(plan?.continuity?.degraded?.channels ?? []),
      ...(plan?.continuity?.audiences ?? []).flatMap(({ channels }) => channels),
    ];
    return ways.some((way) => way.toLowerCase().replaceAll(/[\s-]/g, "_") === "status_page");
  } catch {
    return false;
  }
}

async function readApp(
  { database, uptime }: ReadParts,
  { name: app, title, created_at }: PublicApp,
  nowMs: number,
): Promise<AppStatus> {
  const rows = await database.query<{
    id: number;
    title: string;
    rank: number;
    phase: StatusIncident["phase"];
    opened_at: Date;
    resolved_at: Date | null;
    recovered_at: Date | null;
    components: string[];
    by_person: boolean;
    updates: { id: number; phase: string | null; text: string; at: string }[];
  }>(
    `SELECT id::integer, title, rank, phase, opened_at, resolved_at, recovered_at,
       (SELECT coalesce(array_agg(DISTINCT component), '{}') FROM incident_causes WHERE incident = incidents.id) AS components,
       (SELECT bool_and(source = 'person') FROM incident_causes WHERE incident = incidents.id) AS by_person,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'phase', detail ->> 'phase', 'text', message, 'at', at) ORDER BY id DESC), '[]')
        FROM incident_events WHERE incident = incidents.id AND kind = 'told') AS updates
     FROM incidents WHERE app = $1 AND environment = 'production' AND is_public AND NOT is_drill
       AND (state <> 'resolved' OR resolved_at > $2) ORDER BY opened_at DESC LIMIT 100`,
    [app, new Date(nowMs - pastMs)],
  );
  const incidents = rows.map((row): StatusIncident => {
    const updates = row.updates.map(({ id, phase, text, at }) => ({
      ...{ id, text, phase: phase ?? "investigating", atMs: Date.parse(at) },
    }));
    return {
      ...{ id: row.id, app, title: row.by_person ? row.title : publicTitle(row.rank, row.components) },
      ...{ impact: impacts[Math.min(2, row.rank)]!, phase: row.phase, updates },
      componentIds: row.components.map((each) => `${app}.${each}`),
      openedAtMs: row.opened_at.getTime(),
      updatedAtMs: updates[0]?.atMs ?? row.opened_at.getTime(),
      ...(row.resolved_at && { resolvedAtMs: row.resolved_at.getTime() }),
    };
  });
  const maintenances = await readMaintenances(database, app, nowMs);
  const hurt = new Map<string, ComponentState>();
  for (const { state, componentIds } of maintenances)
    if (state === "in_progress") for (const id of componentIds) hurt.set(id, "under_maintenance");
  for (const row of [...rows].sort((one, other) => other.rank - one.rank)) {
    if (row.resolved_at || row.recovered_at) continue;
    for (const each of row.components) hurt.set(`${app}.${each}`, states[Math.min(2, row.rank)]!);
  }
  const names = await componentsOf(
    database,
    app,
    rows.flatMap(({ components }) => components),
  );
  const up = await uptime(app);
  const outages = await outageDays(database, app, nowMs);
  const mode = await database.query<{ mode: string }>(
    "SELECT mode FROM app_modes WHERE app = $1 AND environment = 'production'",
    [app],
  );
  const byMode: ComponentState | undefined =
    mode[0]?.mode === "maintenance"
      ? "under_maintenance"
      : mode[0]?.mode === "degraded"
        ? "degraded_performance"
        : undefined;
  const components = names.map((name): StatusComponent => {
    const id = `${app}.${name}`;
    const own = name === "web" ? up : undefined;
    return {
      ...{ id, name: componentName(name) },
      state: hurt.get(id) ?? (name === "web" ? byMode : undefined) ?? "operational",
      days: lastDays(nowMs).map((date): StatusDay => dayOf(date, own, outages.get(name), created_at, nowMs)),
    };
  });
  return { app, title: title ?? app, createdAtMs: created_at.getTime(), components, incidents, maintenances };
}

/** What happened is told; which clause saw it, and its figures, is not for the public. */
function publicTitle(rank: number, components: string[]): string {
  const what = components.map((each) => componentName(each).toLowerCase()).join(", ");
  return `${["Outage", "Partial outage"][rank] ?? "Degraded service"}${what === "" ? "" : `: ${what}`}`;
}

/** Of requests where there were some; else of what incidents say of that day. */
function dayOf(
  date: string,
  up: ReadonlyMap<string, number> | undefined,
  outage: ReadonlyMap<string, number> | undefined,
  createdAt: Date,
  nowMs: number,
): StatusDay {
  const measured = up?.get(date);
  if (measured !== undefined) return { date, up: measured };
  const beginMs = Date.parse(date);
  // Before there was the app, and of days of which nobody has asked it, nothing is known.
  if (up || createdAt.getTime() > beginMs + dayMs) return { date };
  const lengthMs = Math.min(dayMs, nowMs - beginMs);
  return { date, up: Math.max(0, 1 - (outage?.get(date) ?? 0) / Math.max(1, lengthMs)) };
}

export const lastDays = (nowMs: number): string[] =>
  Array.from({ length: shownDays }, (_, index) =>
    new Date(nowMs - (shownDays - 1 - index) * dayMs).toISOString().slice(0, 10),
  );

async function componentsOf(connection: Connection, app: AppName, hurt: string[]): Promise<string[]> {
  const [row] = await connection.query<{ has_database: boolean; has_schedules: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM databases WHERE app = $1 AND environment = 'production') AS has_database,
       EXISTS (SELECT 1 FROM schedule_jobs WHERE app = $1) AS has_schedules`,
    [app],
  );
  return [
    ...new Set([
      "web",
      ...(row?.has_database ? ["database"] : []),
      ...(row?.has_schedules ? ["schedules"] : []),
      ...hurt,
    ]),
  ];
}

/** Component → day → milliseconds in which it was out or partly out. */
async function outageDays(
  connection: Connection,
  app: AppName,
  nowMs: number,
): Promise<Map<string, Map<string, number>>> {
  const rows = await connection.query<{ component: string; from: Date; to: Date }>(
    `SELECT component, incident_causes.began_at AS from, coalesce(incident_causes.recovered_at, incidents.resolved_at, now()) AS to
     FROM incident_causes JOIN incidents ON incidents.id = incident
     WHERE app = $1 AND environment = 'production' AND is_public AND NOT is_drill AND incident_causes.rank <= 1 AND incident_causes.began_at > $2`,
    [app, new Date(nowMs - shownDays * dayMs)],
  );
  const days = new Map<string, Map<string, number>>();
  for (const { component, from, to } of rows) {
    const own = days.get(component) ?? new Map<string, number>();
    days.set(component, own);
    for (let atMs = from.getTime(); atMs < to.getTime(); ) {
      const endMs = Math.min(to.getTime(), (Math.floor(atMs / dayMs) + 1) * dayMs);
      const date = new Date(atMs).toISOString().slice(0, 10);
      own.set(date, (own.get(date) ?? 0) + endMs - atMs);
      atMs = endMs;
    }
  }
  return days;
}

async function readMaintenances(
  connection: Connection,
  app: AppName,
  nowMs: number,
): Promise<StatusMaintenance[]> {
  const rows = await connection.query<{
    id: number;
    title: string;
    description: string;
    components: string[];
    starts_at: Date;
    ends_at: Date;
    created_at: Date;
  }>(
    `SELECT id::integer, title, description, components, starts_at, ends_at, created_at FROM maintenances
     WHERE app = $1 AND cancelled_at IS NULL AND ends_at > $2 ORDER BY starts_at LIMIT 50`,
    [app, new Date(nowMs - pastMs)],
  );
  return rows.map(({ id, title, description, components, starts_at, ends_at, created_at }) => ({
    ...{ id, app, title, text: description, componentIds: components.map((each) => `${app}.${each}`) },
    state:
      ends_at.getTime() <= nowMs ? "completed" : starts_at.getTime() <= nowMs ? "in_progress" : "scheduled",
    ...{ startsAtMs: starts_at.getTime(), endsAtMs: ends_at.getTime(), createdAtMs: created_at.getTime() },
  }));
}
