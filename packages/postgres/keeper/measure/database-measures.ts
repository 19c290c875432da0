import { type AppEnvironment, platformScope, type SignalSample } from "@evenkeel/model";
import { SignalSender } from "@evenkeel/signals/client/signal-sender";
import type { DatabaseLevels } from "./read-levels.ts";

export interface MeasuredProtection {
  /** Age of what is not in the archive yet, in milliseconds; absent before the archiver runs. */
  archiveLagMs?: number;
  newestBackupMs?: number;
}

/** A database that is measured. */
export interface MeasuredDatabase {
  readonly record: AppEnvironment & { id: string };
  readonly isRunning: boolean;
  protection(): Promise<MeasuredProtection>;
  levels(): Promise<DatabaseLevels>;
}

export interface MeasuredDatabases {
  databases(): readonly MeasuredDatabase[];
  /** The platform's own. */
  platform(): Promise<MeasuredProtection>;
}

const secondMs = 1_000;

/** Looks at each database every half minute: a look is a session of its own, and an idle machine shall stay idle. */
export class DatabaseMeasures {
  private readonly sender: SignalSender;
  private readonly slowCalls = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  /** @param lookEveryMs default 30,000 */
  constructor(
    socketPath: string,
    private readonly measured: MeasuredDatabases,
    private readonly lookEveryMs = 30_000,
  ) {
    this.sender = new SignalSender({ socketPath, origin: "keeper", name: "databases" });
    this.lookLater();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.sender.stop();
  }

  private lookLater(): void {
    if (this.stopped) return;
    this.timer = setTimeout(
      () => void this.look().finally(() => this.lookLater()),
      // At the same moment as other sources, so that the process of signals wakes once.
      this.lookEveryMs - (Date.now() % this.lookEveryMs),
    );
  }

  private async look(): Promise<void> {
    const databases = this.measured.databases();
    const samples = await Promise.all([
      protectionSample(platformScope, this.measured.platform()),
      ...databases.map((database) => protectionSample(database.record, database.protection())),
      ...databases.filter(({ isRunning }) => isRunning).map((database) => this.levelsOf(database)),
    ]);
    if (this.stopped) return;
    const known = samples.filter((sample) => sample !== undefined);
    this.sender.send(known, Math.floor(Date.now() / secondMs) * secondMs);
  }

  /** A server that is away for the moment is unknown. */
  private async levelsOf(database: MeasuredDatabase): Promise<SignalSample | undefined> {
    try {
      const levels = await database.levels();
      const { app, environment, id } = database.record;
      const gauges: Record<string, number> = {
        database_connections: levels.connections,
        database_connection_limit: levels.connectionLimit,
        database_size: levels.sizeBytes,
      };
      if (levels.replicationLagS !== undefined) gauges["replication_lag"] = levels.replicationLagS;
      const before = this.slowCalls.get(id);
      this.slowCalls.set(id, levels.slowCalls);
      // Statistics that began anew, or from which a statement was dropped, tell nothing of the time between.
      const slow = before === undefined ? 0 : Math.max(0, levels.slowCalls - before);
      return { app, environment, gauges, ...(slow > 0 && { counts: { slow_queries: slow } }) };
    } catch {
      return undefined;
    }
  }
}

async function protectionSample(
  { app, environment }: Pick<SignalSample, "app" | "environment">,
  asked: Promise<MeasuredProtection>,
): Promise<SignalSample | undefined> {
  try {
    const { archiveLagMs, newestBackupMs } = await asked;
    const gauges: Record<string, number> = {};
    if (archiveLagMs !== undefined) gauges["archive_lag"] = Math.max(0, archiveLagMs / secondMs);
    if (newestBackupMs !== undefined)
      gauges["backup_age"] = Math.max(0, (Date.now() - newestBackupMs) / secondMs);
    return Object.keys(gauges).length === 0 ? undefined : { app, environment, gauges };
  } catch {
    // The archive cannot be read at this moment.
    return undefined;
  }
}
