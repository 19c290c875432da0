import type { Database } from "bun:sqlite";
import { openDatabase } from "../store/open-database.ts";
import type { PageVitals, Visit, VitalName } from "./read-beacon.ts";
import type { Device } from "./visitor.ts";

export interface AnalyticsOwner {
  app: string;
  environment: string;
}

export interface Counted {
  value: string;
  /** Visitors are told apart within one day; those who come on two days count twice. */
  visitors: number;
  count: number;
}

export interface AnalyticsReport {
  visitors: number;
  views: number;
  pages: Counted[];
  referrers: Counted[];
  devices: Counted[];
  browsers: Counted[];
  systems: Counted[];
  events: Counted[];
  /** Not counted because the day's limit was reached. */
  dropped: number;
}

export interface VitalsRow {
  route: string;
  name: VitalName;
  /** The value that three quarters of page loads were at or below. */
  p75: number;
  samples: number;
}

export interface AnalyticsStoreOptions {
  path: string;
  /** Default 90 days. */
  retentionMs?: number;
  /** Visits and values of an app environment in one day (UTC); default 500,000. */
  dailyLimit?: number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS visits (
    id INTEGER PRIMARY KEY,
    -- Visitor and id: nobody can keep another's from being counted.
    beacon TEXT NOT NULL,
    app TEXT NOT NULL,
    environment TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    visitor TEXT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    route TEXT NOT NULL,
    referrer TEXT NOT NULL,
    device TEXT NOT NULL,
    browser TEXT NOT NULL,
    os TEXT NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    UNIQUE (app, environment, beacon)
  );
  CREATE INDEX IF NOT EXISTS visits_by_time ON visits (app, environment, at_ms);
  CREATE TABLE IF NOT EXISTS vitals (
    id INTEGER PRIMARY KEY,
    metric TEXT NOT NULL,
    app TEXT NOT NULL,
    environment TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    name TEXT NOT NULL,
    value REAL NOT NULL,
    path TEXT NOT NULL,
    route TEXT NOT NULL,
    device TEXT NOT NULL,
    UNIQUE (app, environment, metric)
  );
  CREATE INDEX IF NOT EXISTS vitals_by_time ON vitals (app, environment, at_ms);
  CREATE TABLE IF NOT EXISTS days (
    app TEXT NOT NULL,
    environment TEXT NOT NULL,
    day TEXT NOT NULL,
    rows INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    PRIMARY KEY (app, environment, day)
  ) WITHOUT ROWID;
`;

/** Visits and web vitals of all apps. */
export class AnalyticsStore {
  private readonly database: Database;
  private readonly retentionMs: number;
  private readonly dailyLimit: number;

  constructor(options: AnalyticsStoreOptions) {
    this.database = openDatabase(options.path, schema);
    this.retentionMs = options.retentionMs ?? 90 * 86_400_000;
    this.dailyLimit = options.dailyLimit ?? 500_000;
  }

  /** A beacon that was there already changes nothing. @returns false where the day's limit is reached */
  addVisit(owner: AnalyticsOwner, visit: Visit, visitor: string, device: Device, nowMs: number): boolean {
    return this.database.transaction(() => {
      if (!this.takeRoom(owner, nowMs, 1)) return false;
      const { kind, path, route, referrer, name } = visit;
      const data = JSON.stringify(visit.data);
      this.database
        .query(
          `INSERT OR IGNORE INTO visits (beacon, app, environment, at_ms, visitor, kind, path, route, referrer, device, browser, os, name, data)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          ...[
            `${visitor} ${visit.id}`,
            owner.app,
            owner.environment,
            Math.round(nowMs),
            visitor,
            kind,
            path,
            route,
            referrer,
          ],
          ...[device.device, device.browser, device.os, name, data],
        );
      return true;
    })();
  }

  /** A value that is sent again replaces itself: layout shifts and interactions grow while a page is open. */
  addVitals(
    owner: AnalyticsOwner,
    page: PageVitals,
    visitor: string,
    { device }: Device,
    nowMs: number,
  ): boolean {
    return this.database.transaction(() => {
      if (!this.takeRoom(owner, nowMs, page.vitals.length)) return false;
      const add = this.database.query(
        `INSERT INTO vitals (metric, app, environment, at_ms, name, value, path, route, device) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (app, environment, metric) DO UPDATE SET value = excluded.value WHERE vitals.name = excluded.name`,
      );
      for (const { id, name, value } of page.vitals) {
        add.run(
          `${visitor} ${id}`,
          owner.app,
          owner.environment,
          Math.round(nowMs),
          name,
          value,
          page.path,
          page.route,
          device,
        );
      }
      return true;
    })();
  }

  report({ app, environment }: AnalyticsOwner, fromMs: number, toMs: number, limit = 20): AnalyticsReport {
    const where = "app = ? AND environment = ? AND at_ms >= ? AND at_ms < ?";
    const window = [app, environment, fromMs, toMs];
    const top = (column: string, kind: Visit["kind"], more = "") =>
      this.database
        .query<Counted, (string | number)[]>(
          `SELECT ${column} AS value, count(DISTINCT visitor) AS visitors, count(*) AS count FROM visits
           WHERE ${where} AND kind = ? ${more} GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 1 LIMIT ?`,
        )
        .all(...window, kind, limit);
    const total = this.database
      .query<{ visitors: number; views: number }, (string | number)[]>(
        `SELECT count(DISTINCT visitor) AS visitors, count(*) AS views FROM visits WHERE ${where} AND kind = 'view'`,
      )
      .get(...window)!;
    const { dropped } = this.database
      .query<{ dropped: number }, string[]>(
        "SELECT coalesce(sum(dropped), 0) AS dropped FROM days WHERE app = ? AND environment = ? AND day >= ? AND day <= ?",
      )
      .get(app, environment, dayOf(fromMs), dayOf(toMs))!;
    return {
      ...total,
      pages: top("path", "view"),
      referrers: top("referrer", "view", "AND referrer <> ''"),
      devices: top("device", "view"),
      browsers: top("browser", "view"),
      systems: top("os", "view"),
      events: top("name", "event"),
      dropped,
    };
  }

  /** By route and name, exact: all values of the window are looked at. `device` narrows it. */
  vitals({ app, environment }: AnalyticsOwner, fromMs: number, toMs: number, device?: string): VitalsRow[] {
    return this.database
      .query<VitalsRow, (string | number | null)[]>(
        `SELECT route, name, value AS p75, samples FROM (
           SELECT route, name, value, row_number() OVER (PARTITION BY route, name ORDER BY value) AS place,
             count(*) OVER (PARTITION BY route, name) AS samples
           FROM vitals WHERE app = ?1 AND environment = ?2 AND at_ms >= ?3 AND at_ms < ?4 AND (?5 IS NULL OR device = ?5))
         WHERE place = (3 * samples + 3) / 4 ORDER BY max(samples) OVER (PARTITION BY route) DESC, route, name`,
      )
      .all(app, environment, fromMs, toMs, device ?? null);
  }

  /** Forgets an app. */
  remove(app: string): void {
    for (const table of ["visits", "vitals", "days"])
      this.database.run(`DELETE FROM ${table} WHERE app = ?`, [app]);
  }

  sweep(nowMs: number): void {
    const untilMs = nowMs - this.retentionMs;
    for (const table of ["visits", "vitals"])
      this.database.run(`DELETE FROM ${table} WHERE at_ms < ?`, [untilMs]);
    this.database.run("DELETE FROM days WHERE day < ?", [dayOf(untilMs)]);
  }

  close(): void {
    this.database.close();
  }

  private takeRoom({ app, environment }: AnalyticsOwner, nowMs: number, rows: number): boolean {
    const { taken } = this.database
      .query<{ taken: number }, (string | number)[]>(
        `INSERT INTO days (app, environment, day, rows, dropped) VALUES (?1, ?2, ?3, 0, 0)
         ON CONFLICT DO UPDATE SET rows = rows RETURNING rows AS taken`,
      )
      .get(app, environment, dayOf(nowMs))!;
    const fits = taken + rows <= this.dailyLimit;
    this.database
      .query(
        `UPDATE days SET ${fits ? "rows = rows" : "dropped = dropped"} + ? WHERE app = ? AND environment = ? AND day = ?`,
      )
      .run(rows, app, environment, dayOf(nowMs));
    return fits;
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
