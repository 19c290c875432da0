import { existsSync, readFileSync } from "node:fs";
import { writeFileDurably } from "@evenkeel/disk";
import { InvalidValueError, type UpkeepRun, type UpkeepTask } from "@evenkeel/model";
import { lastDueMs, parseRecurrence } from "../backup/backup-schedule.ts";
import { withSession } from "../client/session.ts";
import { waitAtMost } from "../client/waiting.ts";
import { upkeepStatements } from "./upkeep-statements.ts";

const lookEveryMs = 60_000;
/** Nobody is to wait behind maintenance that waits for a lock. */
const lockTimeout = "10s";
const statementTimeout = "2h";
const keptRuns = 200;

export interface UpkeepParts {
  /** One JSON value a line. */
  logPath: string;
  tasks: () => UpkeepTask[];
  /** Of the app's role. */
  connection: () => Promise<string>;
  note(event: string, error?: unknown): void;
}

/**
 * Runs a database's maintenance SQL at its times and keeps a log of it. Statements run one by one outside a transaction, as `REINDEX CONCURRENTLY` and
 * `VACUUM` must; the first that fails ends the run. A time that passed while nobody looked is made up for once; a task begins with the first time
 * after it was seen.
 */
export class Upkeep {
  private readonly seenMs = new Map<string, number>();
  private readonly busy = new Set<string>();

  constructor(private readonly parts: UpkeepParts) {}

  /** Runs what falls due until `ending` resolves. */
  async keep(ending: Promise<void>): Promise<void> {
    let ended = false;
    void ending.then(() => {
      ended = true;
    });
    while (!ended) {
      for (const task of this.parts.tasks()) {
        if (this.isDue(task, Date.now())) await this.run(task.name).catch(() => {});
      }
      await waitAtMost(lookEveryMs, ending);
    }
  }

  /** Runs a task now; what goes wrong in the database is in its report. @throws InvalidValueError when there is no such task */
  async run(name: string): Promise<UpkeepRun> {
    const task = this.parts.tasks().find((candidate) => candidate.name === name);
    if (!task || this.busy.has(name)) {
      throw new InvalidValueError(task ? `The task ${name} runs already` : `There is no task ${name}`, {
        hint: "`evenkeel db upkeep APP` lists them.",
      });
    }
    this.busy.add(name);
    try {
      const run = await this.runStatements(task);
      this.parts.note(run.error === undefined ? `upkeep ${name}` : `upkeep ${name} failed`, run.error);
      this.keepRun(run);
      return run;
    } finally {
      this.busy.delete(name);
    }
  }

  /** Newest first. */
  runs(): UpkeepRun[] {
    if (!existsSync(this.parts.logPath)) return [];
    const lines = readFileSync(this.parts.logPath, "utf8").split("\n");
    return lines.flatMap(parseRun).reverse();
  }

  private isDue({ name, when }: UpkeepTask, nowMs: number): boolean {
    const recurrence = parseRecurrence(when);
    if (!recurrence) return false;
    const last = this.runs().find(({ task }) => task === name)?.startedMs ?? this.seenMs.get(name);
    if (last === undefined) this.seenMs.set(name, nowMs);
    return last !== undefined && last < lastDueMs(recurrence, nowMs);
  }

  private async runStatements({ name, sql }: UpkeepTask): Promise<UpkeepRun> {
    const run: UpkeepRun = { task: name, startedMs: Date.now(), tookMs: 0, statements: 0, rows: 0 };
    try {
      await withSession(await this.parts.connection(), async (client) => {
        await client.query(`SET lock_timeout = '${lockTimeout}'`);
        await client.query(`SET statement_timeout = '${statementTimeout}'`);
        for (const statement of await upkeepStatements(name, sql)) {
          const { rowCount } = await client.query(statement);
          run.statements++;
          run.rows += rowCount ?? 0;
        }
      });
    } catch (error) {
      run.error = error instanceof Error ? error.message : String(error);
    }
    run.tookMs = Date.now() - run.startedMs;
    return run;
  }

  private keepRun(run: UpkeepRun): void {
    const kept = [run, ...this.runs()].slice(0, keptRuns).reverse();
    writeFileDurably(this.parts.logPath, kept.map((one) => `${JSON.stringify(one)}\n`).join(""), 0o600);
  }
}

/** A line that cannot be read is no run. */
function parseRun(line: string): UpkeepRun[] {
  try {
    return [JSON.parse(line) as UpkeepRun];
  } catch {
    return [];
  }
}
