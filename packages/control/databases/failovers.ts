import type { AppName, DatabaseFailover, EnvironmentName } from "@evenkeel/model";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { DatabasesUnreachableError } from "../errors.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { Incidents } from "../incidents/incidents.ts";
import type { DatabasesLink } from "./databases-link.ts";

const retryMs = 2_000;

/** Names the trouble of one failover in its incident. */
const troubleOf = ({ app, environment, id }: DatabaseFailover) => ({
  ...{ app, environment, source: "database" as const, component: "database", key: `failover/${id}` },
});

/**
 * Changes of primaries. The keeper carries them out, whether or not control is there; here they are kept, audited, and an incident where
 * nobody had asked for them.
 */
export class Failovers {
  private stopped = false;
  private following: Promise<void> | undefined;

  constructor(
    private readonly parts: {
      database: Database;
      databases: DatabasesLink;
      incidents: Pick<Incidents, "report" | "recovered">;
      events: Pick<EventBus, "publish">;
    },
  ) {}

  /** Hears of each from now on, those of the time in which nobody listened included. */
  start(): void {
    this.following ??= this.follow();
  }

  /** What is asked of the keeper ends with the link. */
  stop(): void {
    this.stopped = true;
  }

  private async follow(): Promise<void> {
    for (let after = 0; !this.stopped; ) {
      try {
        const { failovers = [], failoverChanges = 0 } = await this.parts.databases.ask({
          type: "failovers",
          after,
        });
        for (const failover of failovers) await this.keep(failover);
        after = failoverChanges;
      } catch (error) {
        if (this.stopped) return;
        if (!(error instanceof DatabasesUnreachableError))
          console.error(`control: failovers: ${(error as Error).message}`);
        await Bun.sleep(retryMs);
      }
    }
  }

  /** May be repeated. */
  async keep(failover: DatabaseFailover): Promise<void> {
    const { database, incidents, events } = this.parts;
    const { id, app, environment, state, trigger } = failover;
    const isNews = await database.transaction((connection) => note(connection, failover));
    if (!isNews) return;
    events.publish({ kind: "database", app, environment });
    if (trigger !== "automatic") return;
    // Opened first also where it is over already: that it happened is to be seen.
    await incidents.report({
      ...{ ...troubleOf(failover), severity: "outage" },
      title: "The database did not answer, and its standby took over",
      evidence: {
        failover: id,
        reason: failover.reason,
        step: failover.step,
        state,
        lost: failover.lost ?? null,
      },
      beganAtMs: failover.startedMs,
    });
    if (state === "done") await incidents.recovered(troubleOf(failover));
  }

  /** Newest first. */
  async list(of: {
    app: AppName;
    environment?: EnvironmentName | undefined;
    limit: number;
  }): Promise<DatabaseFailover[]> {
    const rows = await this.parts.database.query<{ failover: DatabaseFailover }>(
      `SELECT failover FROM failovers WHERE app = $1 AND ($2::text IS NULL OR environment = $2)
       ORDER BY started_at DESC LIMIT $3`,
      [of.app, of.environment ?? null, of.limit],
    );
    return rows.map(({ failover }) => failover);
  }
}

/** @returns false where it was known as it is */
async function note(connection: Connection, failover: DatabaseFailover): Promise<boolean> {
  const { id, app, environment, startedMs, state, by, reason, kind, trigger, planned, epoch, lost } =
    failover;
  const changed = await connection.query(
    `INSERT INTO failovers (id, app, environment, started_at, state, failover)
     VALUES ($1, $2, $3, to_timestamp($4::float8 / 1000), $5, $6)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, failover = excluded.failover
     WHERE failovers.failover <> excluded.failover RETURNING 1`,
    [id, app, environment, startedMs, state, JSON.stringify(failover)],
  );
  if (changed.length === 0) return false;
  const detail = { environment, reason, trigger, planned, epoch, state, ...(lost ? { lost } : {}) };
  if (state !== "running")
    await record(connection, { who: by, action: `database.${kind}`, app, object: id, detail });
  return true;
}
