import { ServerStopError } from "../errors.ts";
import { processRuns } from "./process-table.ts";

/**
 * `smart` waits for clients to leave, `fast` breaks their connections, `immediate` does without a checkpoint, so that
 * the next start recovers. https://www.postgresql.org/docs/18/server-shutdown.html
 */
export type StopMode = "smart" | "fast" | "immediate";

const stopSignals = { smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" } as const;

export interface ConnectionTarget {
  /** Default `postgres`. */
  database?: string;
  /** Default the superuser, who needs no password on the socket. */
  user?: string;
  password?: string;
  /** Through 127.0.0.1 instead of the socket. */
  tcp?: boolean;
}

interface RunningClusterParts {
  dataDir: string;
  socketDir: string;
  port: number;
  superuser: string;
  pid: number;
  child?: Bun.Subprocess;
}

/** A server that accepts connections. Nothing here keeps the process of its owner alive. */
export class RunningCluster {
  readonly dataDir: string;
  readonly socketDir: string;
  readonly port: number;
  readonly superuser: string;
  readonly pid: number;
  /** It ran already when it was asked for. */
  readonly adopted: boolean;
  private readonly child: Bun.Subprocess | undefined;

  constructor(parts: RunningClusterParts) {
    this.dataDir = parts.dataDir;
    this.socketDir = parts.socketDir;
    this.port = parts.port;
    this.superuser = parts.superuser;
    this.pid = parts.pid;
    this.child = parts.child;
    this.adopted = parts.child === undefined;
  }

  get runs(): boolean {
    return this.child
      ? this.child.exitCode === null && this.child.signalCode === null
      : processRuns(this.pid);
  }

  /** Resolves when the server has ended, for whatever reason. An adopted one is looked at four times a second. */
  async exited(): Promise<void> {
    if (this.child) await this.child.exited;
    else while (processRuns(this.pid)) await Bun.sleep(250);
  }

  /** As libpq, `pg`, postgres.js and Prisma read it. */
  connectionString(target: ConnectionTarget = {}): string {
    const user = encodeURIComponent(target.user ?? this.superuser);
    const secret = target.password === undefined ? "" : `:${encodeURIComponent(target.password)}`;
    const database = encodeURIComponent(target.database ?? "postgres");
    return target.tcp
      ? `postgresql://${user}${secret}@127.0.0.1:${this.port}/${database}`
      : `postgresql://${user}${secret}@localhost:${this.port}/${database}?host=${encodeURIComponent(this.socketDir)}`;
  }

  /** The same for the superuser over the socket, as options of `pg`. */
  connectionOptions(database = "postgres"): { host: string; port: number; user: string; database: string } {
    return { host: this.socketDir, port: this.port, user: this.superuser, database };
  }

  /** Reads changed configuration files. */
  reload(): void {
    process.kill(this.pid, "SIGHUP");
  }

  /**
   * Stops the server; returns when it has ended. A stop that takes longer than `limitMs` (default 60 s) becomes
   * `immediate`, and 10 s later the server is killed: both lose nothing that was committed.
   *
   * @throws ServerStopError if it still runs then.
   */
  async stop(mode: StopMode = "fast", limitMs = 60_000): Promise<void> {
    const steps: [NodeJS.Signals, number][] = [
      [stopSignals[mode], limitMs],
      ["SIGQUIT", 10_000],
      ["SIGKILL", 10_000],
    ];
    for (const [signal, patienceMs] of steps) {
      if (!this.signal(signal) || (await this.endsWithin(patienceMs))) return;
    }
    throw new ServerStopError(`The server of ${this.dataDir} (pid ${this.pid}) did not stop`, {
      hint: "A process that cannot be killed waits for its disk; see `dmesg`.",
    });
  }

  private signal(signal: NodeJS.Signals): boolean {
    if (!this.runs) return false;
    try {
      process.kill(this.pid, signal);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
      throw error;
    }
  }

  private async endsWithin(limitMs: number): Promise<boolean> {
    const deadline = Date.now() + limitMs;
    while (this.runs) {
      if (Date.now() > deadline) return false;
      await Bun.sleep(2);
    }
    return true;
  }
}
