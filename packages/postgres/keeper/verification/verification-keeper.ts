import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type DatabaseCheck, type DatabaseEvidence, errorJson, type HomeLayout } from "@evenkeel/model";
import { killServer } from "../../server/kill-server.ts";
import type { AppDatabase } from "../app-database.ts";
import type { OnProgress } from "../cluster-protection.ts";
import { EvidenceLog } from "./evidence-log.ts";
import { verificationDue } from "./verification-due.ts";
import { beginEvidence, verifyDatabase } from "./verify-database.ts";

/** Of throw-away clusters. */
export const verificationFolder = (layout: HomeLayout): string => join(layout.postgres, "verify");

/** Verifies databases on their schedule and on demand, one at a time: each takes a core and the room of a whole database. */
export class VerificationKeeper {
  private turn: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly workDir: string;

  constructor(
    private readonly layout: HomeLayout,
    private readonly databases: () => AppDatabase[],
    private readonly lookEveryMs = 60_000,
  ) {
    this.workDir = verificationFolder(layout);
  }

  /** Judges what a crash has interrupted, removes what it left, and begins the schedule. */
  open(): void {
    for (const database of this.databases()) {
      const log = this.logOf(database);
      log.failInterrupted();
      log.synchronise().catch((error) => console.error(`Evidence of ${database.name}: ${error.message}`));
    }
    this.turn = sweep(this.workDir);
    this.timer = setInterval(() => this.verifyDue(), this.lookEveryMs);
  }

  /** One that is under way ends with the process. */
  release(): void {
    clearInterval(this.timer);
  }

  verify(
    database: AppDatabase,
    trigger: DatabaseEvidence["trigger"],
    onProgress: OnProgress,
  ): Promise<DatabaseEvidence> {
    if (this.waiting > 0) onProgress({ step: "Waiting for another verification" });
    const { workDir } = this;
    return this.inTurn(() =>
      verifyDatabase({ database, log: this.logOf(database), workDir }, trigger, onProgress),
    );
  }

  /** Looks for damage in what serves. */
  async check(database: AppDatabase, onProgress: OnProgress): Promise<DatabaseCheck> {
    const log = this.logOf(database);
    const evidence: DatabaseEvidence = { ...beginEvidence(database, "manual"), kind: "check" };
    log.write(evidence);
    const found = await database.check(onProgress).catch((error) => {
      const { code, message } = errorJson(error);
      const failures = [{ step: "starting the database", code, message }];
      log.write({ ...evidence, failures, verdict: "failed", finishedMs: Date.now() });
      throw error;
    });
    log.write({ ...evidence, ...found });
    log.synchronise().catch((error) => console.error(`Evidence of ${database.name}: ${error.message}`));
    return found;
  }

  /** Of all databases. */
  evidence(): DatabaseEvidence[] {
    return this.databases().flatMap((database) => this.logOf(database).list());
  }

  newest(database: AppDatabase): DatabaseEvidence | undefined {
    return this.logOf(database).newest();
  }

  private verifyDue(): void {
    if (this.waiting > 0) return;
    for (const database of this.databases()) {
      if (!verificationDue(database.record, this.newest(database), Date.now())) continue;
      void this.verify(database, "scheduled", () => {});
    }
  }

  private logOf(database: AppDatabase): EvidenceLog {
    return EvidenceLog.of(this.layout, database.record.id, database.archive);
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    this.waiting++;
    const result = this.turn.then(work).finally(() => this.waiting--);
    this.turn = result.catch(() => {});
    return result;
  }
}

/** Throw-away clusters that were not thrown away, with their servers. */
async function sweep(workDir: string): Promise<void> {
  for (const name of existsSync(workDir) ? readdirSync(workDir) : []) {
    const folder = join(workDir, name);
    await killServer(folder).catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
}
