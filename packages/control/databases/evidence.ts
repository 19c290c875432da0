import type { AppName, DatabaseEvidence, EnvironmentName } from "@evenkeel/model";
import type { Database } from "../database/database.ts";
import type { DatabasesLink } from "./databases-link.ts";

const fetchEveryMs = 60_000;

/**
 * What verifications of databases have found. The keeper has it of the databases that are there; here it stays when they are gone.
 */
export class Evidence {
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly database: Database,
    private readonly databases: DatabasesLink,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.fetch(), fetchEveryMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Takes what the keeper has; what it cannot tell now it tells the next time. */
  async fetch(): Promise<void> {
    if (!this.databases.isConnected) return;
    try {
      const { evidence = [] } = await this.databases.ask({ type: "evidence" });
      await this.keep(evidence);
    } catch (error) {
      console.error(`control: fetching evidence: ${(error as Error).message}`);
    }
  }

  /** Only a verification that was under way is replaced by what became of it. */
  async keep(rows: DatabaseEvidence[]): Promise<void> {
    const changed = await this.database.query<{ id: string; app: AppName; environment: EnvironmentName }>(
      `INSERT INTO database_verifications (id, app, environment, started_at, verdict, evidence)
       SELECT row ->> 'id', row ->> 'app', row ->> 'environment', to_timestamp((row ->> 'startedMs')::float8 / 1000), row ->> 'verdict', row
       FROM jsonb_array_elements($1::jsonb) AS given (row)
       ON CONFLICT (id) DO UPDATE SET verdict = excluded.verdict, evidence = excluded.evidence
       WHERE database_verifications.verdict = 'running' AND database_verifications.evidence <> excluded.evidence
       RETURNING id, app, environment`,
      [JSON.stringify(rows)],
    );
    for (const row of changed) this.database.publish({ kind: "verification", ...row });
  }

  /** Newest first. */
  async list(of: {
    app: AppName;
    environment?: EnvironmentName | undefined;
    limit: number;
  }): Promise<DatabaseEvidence[]> {
    await this.fetch();
    const rows = await this.database.query<{ evidence: DatabaseEvidence }>(
      `SELECT evidence FROM database_verifications WHERE app = $1 AND ($2::text IS NULL OR environment = $2)
       ORDER BY started_at DESC LIMIT $3`,
      [of.app, of.environment ?? null, of.limit],
    );
    return rows.map(({ evidence }) => evidence);
  }
}
