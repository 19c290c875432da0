import type { Database } from "bun:sqlite";
import type {
  Budget,
  BudgetAlert,
  BudgetState,
  CostReport,
  Price,
  TelemetryOwner,
} from "@evenkeel/model/link/telemetry-protocol";
import { openDatabase } from "../store/open-database.ts";
import type { Usage } from "./read-usage.ts";

const schema = `
  -- By hour, so that prices that change later change nothing of what was spent.
  CREATE TABLE IF NOT EXISTS usage (
    app TEXT NOT NULL, environment TEXT NOT NULL, hour_ms INTEGER NOT NULL, provider TEXT NOT NULL, item TEXT NOT NULL, unit TEXT NOT NULL,
    quantity REAL NOT NULL, micro_usd REAL NOT NULL, unpriced REAL NOT NULL,
    PRIMARY KEY (app, environment, hour_ms, provider, item, unit)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS token_minutes (
    app TEXT NOT NULL, environment TEXT NOT NULL, provider TEXT NOT NULL, minute_ms INTEGER NOT NULL, tokens REAL NOT NULL,
    PRIMARY KEY (app, environment, provider, minute_ms)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS prices (
    provider TEXT NOT NULL, item TEXT NOT NULL, unit TEXT NOT NULL, usd REAL NOT NULL, per REAL NOT NULL, PRIMARY KEY (provider, item, unit)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS budgets (
    app TEXT NOT NULL, environment TEXT NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL, most REAL NOT NULL, alert_share REAL NOT NULL,
    PRIMARY KEY (app, environment, provider, kind)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS alerts (
    id INTEGER PRIMARY KEY, app TEXT NOT NULL, environment TEXT NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL,
    level TEXT NOT NULL, period_ms INTEGER NOT NULL, at_ms INTEGER NOT NULL, most REAL NOT NULL, actual REAL NOT NULL,
    UNIQUE (app, environment, provider, kind, level, period_ms)
  );
`;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Of what was used; rates of tokens, which nobody asks for later, are kept for a day. */
const retentionMs = 400 * dayMs;
/** So long after its minute began a rate of tokens is still told of: apps export once a minute. */
const rateToldMs = 2 * minuteMs;
/** Different things that an app environment may use in an hour; more are summed as `other`. */
const itemLimit = 200;

/** What came of some usage, by provider: for signals. */
export interface Spent {
  provider: string;
  microUsd: number;
  tokens: number;
}

/** What apps used of their providers and what it cost by the prices of that hour, with the budgets that watch over it. */
export class Ledger {
  private readonly database: Database;

  constructor(path: string) {
    this.database = openDatabase(path, schema);
  }

  add(owner: TelemetryOwner, used: readonly Usage[], nowMs: number): Spent[] {
    const { app, environment } = owner;
    const hour = Math.floor(nowMs / hourMs) * hourMs;
    const minute = Math.floor(nowMs / minuteMs) * minuteMs;
    return this.database.transaction(() => {
      const spent: Spent[] = [];
      for (const usage of used) {
        const { provider, unit, quantity } = usage;
        const microUsd = this.cost(usage);
        const tokens = unit.endsWith("_tokens") ? quantity : 0;
        const item = this.hasRoom(owner, hour, usage) ? usage.item : "other";
        this.database
          .query(
            `INSERT INTO usage (app, environment, hour_ms, provider, item, unit, quantity, micro_usd, unpriced) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity, micro_usd = micro_usd + excluded.micro_usd,
               unpriced = unpriced + excluded.unpriced`,
          )
          .run(
            app,
            environment,
            hour,
            provider,
            item,
            unit,
            quantity,
            microUsd ?? 0,
            microUsd === undefined ? quantity : 0,
          );
        if (tokens > 0) {
          this.database
            .query(
              `INSERT INTO token_minutes (app, environment, provider, minute_ms, tokens) VALUES (?, ?, ?, ?, ?)
               ON CONFLICT DO UPDATE SET tokens = tokens + excluded.tokens`,
            )
            .run(app, environment, provider, minute, tokens);
        }
        spent.push({ provider, microUsd: microUsd ?? 0, tokens });
      }
      this.watch(owner, nowMs);
      return spent;
    })();
  }

  setPrice({ provider, item, unit, usd, per }: Price): void {
    this.database
      .query("INSERT OR REPLACE INTO prices (provider, item, unit, usd, per) VALUES (?, ?, ?, ?, ?)")
      .run(provider, item, unit, usd, per);
  }

  prices(): Price[] {
    return this.database.query<Price, []>("SELECT * FROM prices ORDER BY provider, item, unit").all();
  }

  setBudget(owner: TelemetryOwner, { provider, kind, most, alertShare }: Budget, nowMs: number): void {
    this.database
      .query(
        "INSERT OR REPLACE INTO budgets (app, environment, provider, kind, most, alert_share) VALUES (?, ?, ?, ?, ?, ?)",
      )
      .run(owner.app, owner.environment, provider, kind, most, alertShare);
    this.watch(owner, nowMs);
  }

  /** False: there was none. */
  removeBudget({ app, environment }: TelemetryOwner, provider: string, kind: Budget["kind"]): boolean {
    const { changes } = this.database
      .query("DELETE FROM budgets WHERE app = ? AND environment = ? AND provider = ? AND kind = ?")
      .run(app, environment, provider, kind);
    return changes > 0;
  }

  report(owner: TelemetryOwner, fromMs: number, toMs: number): CostReport {
    const { app, environment } = owner;
    const spending = this.database
      .query<CostReport["spending"][number], (string | number)[]>(
        `SELECT provider, item, unit, sum(quantity) AS quantity, sum(micro_usd) AS microUsd, sum(unpriced) AS unpriced FROM usage
         WHERE app = ? AND environment = ? AND hour_ms > ? AND hour_ms < ? GROUP BY 1, 2, 3 ORDER BY 5 DESC, 4 DESC LIMIT 500`,
      )
      .all(app, environment, fromMs - hourMs, toMs);
    const budgets = this.budgets(owner).map((budget) => ({
      ...budget,
      actual: this.actual(owner, budget, toMs),
    }));
    const alerts = this.database
      .query<BudgetAlert, string[]>(
        `SELECT provider, kind, level, period_ms AS periodMs, at_ms AS atMs, most, actual FROM alerts
         WHERE app = ? AND environment = ? ORDER BY at_ms DESC, id DESC LIMIT 50`,
      )
      .all(app, environment);
    return { spending, budgets, alerts };
  }

  /** Every budget, with what was told of it last in its period. */
  budgetStates(nowMs: number): BudgetState[] {
    const budgets = this.database
      .query<Budget & TelemetryOwner, []>(
        "SELECT app, environment, provider, kind, most, alert_share AS alertShare FROM budgets",
      )
      .all();
    return budgets.map(({ app, environment, provider, kind, most }) => {
      const since = kind === "tokens_per_minute" ? nowMs - rateToldMs : periodOf(kind, nowMs);
      const told = this.database
        .query<{ level: BudgetAlert["level"]; actual: number }, (string | number)[]>(
          `SELECT level, actual FROM alerts WHERE app = ? AND environment = ? AND provider = ? AND kind = ? AND period_ms >= ?
           ORDER BY period_ms DESC, level = 'exceeded' DESC LIMIT 1`,
        )
        .get(app, environment, provider, kind, since);
      return { app, environment, provider, kind, most, ...told };
    });
  }

  remove(app: string): void {
    for (const table of ["usage", "token_minutes", "budgets", "alerts"])
      this.database.run(`DELETE FROM ${table} WHERE app = ?`, [app]);
  }

  sweep(nowMs: number): void {
    this.database.run("DELETE FROM usage WHERE hour_ms < ?", [nowMs - retentionMs]);
    this.database.run("DELETE FROM alerts WHERE at_ms < ?", [nowMs - retentionMs]);
    this.database.run("DELETE FROM token_minutes WHERE minute_ms < ?", [nowMs - dayMs]);
  }

  close(): void {
    this.database.close();
  }

  /** Micro-USD by the price of the item, or of all items (`*`); undefined where there is none. */
  private cost({ provider, item, unit, quantity }: Usage): number | undefined {
    if (unit === "usd") return quantity * 1e6;
    const price = this.database
      .query<Price, string[]>(
        "SELECT * FROM prices WHERE provider = ?1 AND unit = ?3 AND item IN (?2, '*') ORDER BY item = '*' LIMIT 1",
      )
      .get(provider, item, unit);
    return price ? (quantity / price.per) * price.usd * 1e6 : undefined;
  }

  private hasRoom(
    { app, environment }: TelemetryOwner,
    hour: number,
    { provider, item, unit }: Usage,
  ): boolean {
    const { known, count } = this.database
      .query<{ known: number | null; count: number }, (string | number)[]>(
        `SELECT max(provider = ? AND item = ? AND unit = ?) AS known, count(*) AS count FROM usage
         WHERE app = ? AND environment = ? AND hour_ms = ?`,
      )
      .get(provider, item, unit, app, environment, hour)!;
    return known === 1 || count < itemLimit;
  }

  private budgets({ app, environment }: TelemetryOwner): Budget[] {
    return this.database
      .query<Budget, string[]>(
        `SELECT provider, kind, most, alert_share AS alertShare FROM budgets WHERE app = ? AND environment = ? ORDER BY provider, kind`,
      )
      .all(app, environment);
  }

  /** USD of the period that `nowMs` is in; tokens of its minute. */
  private actual({ app, environment }: TelemetryOwner, { provider, kind }: Budget, nowMs: number): number {
    const tokens = kind === "tokens_per_minute";
    const [table, column, time] = tokens
      ? ["token_minutes", "tokens", "minute_ms"]
      : ["usage", "micro_usd / 1e6", "hour_ms"];
    const { actual } = this.database
      .query<{ actual: number }, (string | number)[]>(
        `SELECT coalesce(sum(${column}), 0) AS actual FROM ${table}
         WHERE app = ?1 AND environment = ?2 AND (?3 = '' OR provider = ?3) AND ${time} >= ?4 AND ${time} <= ?5`,
      )
      .get(app, environment, provider, periodOf(kind, nowMs), nowMs)!;
    return actual;
  }

  /** Writes down each budget that comes near its end or is exceeded, once in its period. */
  private watch(owner: TelemetryOwner, nowMs: number): void {
    for (const budget of this.budgets(owner)) {
      const actual = this.actual(owner, budget, nowMs);
      const { provider, kind, most, alertShare } = budget;
      const level = actual > most ? "exceeded" : actual >= most * alertShare ? "near" : undefined;
      if (!level) continue;
      this.database
        .query(
          `INSERT OR IGNORE INTO alerts (app, environment, provider, kind, level, period_ms, at_ms, most, actual)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(owner.app, owner.environment, provider, kind, level, periodOf(kind, nowMs), nowMs, most, actual);
    }
  }
}

/** When the period began that a budget is for, UTC. */
export function periodOf(kind: Budget["kind"], nowMs: number): number {
  if (kind === "tokens_per_minute") return Math.floor(nowMs / minuteMs) * minuteMs;
  const now = new Date(nowMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), kind === "month" ? 1 : now.getUTCDate());
}
