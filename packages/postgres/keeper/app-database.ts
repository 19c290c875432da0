import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type DatabaseBackup,
  type DatabaseCheck,
  type DatabaseFailover,
  type DatabaseReport,
  type DatabaseRestored,
  type DatabaseTerms,
  errorJson,
  type StatementReport,
  type UpkeepRun,
} from "@evenkeel/model";
import type { ClientConfig } from "pg";
import { AppCluster } from "../app-cluster/app-cluster.ts";
import type { Archive } from "../archive/archive.ts";
import { readBackups } from "../backup/backup-manifest.ts";
import type { BranchSource } from "../branch/branch-source.ts";
import { directorySize } from "../branch/directory-size.ts";
import { waitAtMost } from "../client/waiting.ts";
import { FailoverRefusedError, ServerStartError } from "../errors.ts";
import { archiveWithPoint } from "../restore/archive-with-point.ts";
import { parseRecoveryTarget } from "../restore/recovery-target.ts";
import type { ServerSettings } from "../server/server-settings.ts";
import { DatabaseStandby } from "../standby/database-standby.ts";
import type { StandbyOwner } from "../standby/standby-owner.ts";
import { checkServingCluster } from "../verify/check-serving.ts";
import { AutovacuumRest } from "./autovacuum-rest.ts";
import { backupView, ClusterProtection, type OnProgress } from "./cluster-protection.ts";
import type { DatabasePlace } from "./database-place.ts";
import { type DatabaseRecord, removeFolder } from "./database-record.ts";
import { databaseSize } from "./database-size.ts";
import { finishSwitch } from "./finish-switch.ts";
import type { MeasuredProtection } from "./measure/database-measures.ts";
import { type DatabaseLevels, readLevels } from "./measure/read-levels.ts";
import { checkUpkeep, nextBackupMs, readSchedule, usualTerms } from "./protection-terms.ts";
import { readStatements } from "./read-statements.ts";
import { restoreInPlace } from "./restore-in-place.ts";
import { isLost, restoreLost } from "./restore-lost.ts";
import { Upkeep } from "./upkeep.ts";
import { usualVerifyDays } from "./verification/verification-due.ts";

const firstRetryMs = 500;
const longestRetryMs = 30_000;

export interface AppDatabaseParts {
  record: DatabaseRecord;
  place: DatabasePlace;
  password: string;
  archive: Archive;
  /** Where it was archived before, the latest first. */
  formerArchives: Archive[];
  /** Default the small ones of a machine with many clusters. */
  settings?: ServerSettings | undefined;
  standby: Pick<
    StandbyOwner,
    "log" | "replicationPassword" | "allotPort" | "save" | "lookEveryMs" | "onFailoverStep"
  >;
}

/**
 * One app environment's database while the keeper runs: its cluster, the archiver of its WAL and its schedule of backups. Starts,
 * backups, restores and the removal follow one another, never at once.
 */
export class AppDatabase {
  private readonly cluster: AppCluster;
  private readonly protection: ClusterProtection;
  private readonly upkeep: Upkeep;
  readonly standby: DatabaseStandby;
  private readonly autovacuum: AutovacuumRest;
  private schedule: Promise<unknown> | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private running = false;
  /** It was started, or a start has failed, and nobody has stopped it since. */
  private expected = false;
  private ended = false;
  private readonly ending = Promise.withResolvers<void>();

  constructor(private readonly parts: AppDatabaseParts) {
    const { record, place, password, archive, settings } = parts;
    this.cluster = new AppCluster(
      {
        ...{
          name: this.name,
          dataDir: place.dataDir,
          socketDir: place.socketDir,
          port: record.port,
          password,
          prepare: () => this.restoreIfLost(),
        },
        ...(settings ? { settings } : {}),
      },
      (event) => this.note(event.kind, "error" in event ? event.error : undefined),
    );
    this.protection = new ClusterProtection({
      ...{ dataDir: () => place.dataDir, spoolDir: place.spoolDir, archive },
      terms: () => ({ clauses: readSchedule(this.terms.schedule), zeroLoss: this.terms.zeroLoss }),
      inTurn: (work) => this.inTurn(work),
      note: (event, error) => this.note(event, error),
    });
    this.autovacuum = new AutovacuumRest({
      walEnd: () => this.protection.receivedTo(),
      switchAutovacuum: (on) => this.cluster.switchAutovacuum(on),
    });
    this.upkeep = new Upkeep({
      logPath: join(place.folder, "upkeep.ndjson"),
      tasks: () => this.terms.upkeep,
      // In turn: a restore must not find the server started behind its back.
      connection: () =>
        this.whileServing(async () => this.cluster.appConnectionString(await this.cluster.start())),
      note: (event, error) => this.note(event, error),
    });
    this.standby = new DatabaseStandby({
      ...{
        record,
        place,
        archive,
        settings,
        primary: this.cluster,
        superuser: this.superuser,
        ...parts.standby,
      },
      terms: () => this.terms,
      isExpected: () => this.expected,
      received: () => this.protection.received,
      whileServing: (work) => this.whileServing(work),
      inTurn: (work) => this.inTurn(work),
      note: (event, error) => this.note(event, error),
    });
  }

  get record(): DatabaseRecord {
    return this.parts.record;
  }

  get terms(): DatabaseTerms {
    return { ...usualTerms, ...this.record.terms };
  }

  get name(): string {
    return `${this.record.app}/${this.record.environment}`;
  }

  /** Starts it and keeps at it until it runs or is ended. */
  async keep(): Promise<void> {
    for (let delayMs = firstRetryMs; !this.ended; delayMs = Math.min(longestRetryMs, delayMs * 2)) {
      try {
        await this.start();
        return;
      } catch (error) {
        if (this.ended) return;
        this.expected = true;
        this.standby.open();
        this.note("start_failed", error);
        await waitAtMost(delayMs, this.ending.promise);
      }
    }
  }

  start(): Promise<void> {
    return this.inTurn(() => this.bringUp());
  }

  /** Running, and with a backup. */
  async ensure(onProgress: OnProgress): Promise<void> {
    onProgress({ step: "Starting PostgreSQL" });
    await this.start();
    if (await this.protection.hasBackup()) return;
    await this.protection.backUpIfDue(() => this.connection(), onProgress);
  }

  /** @param save makes the record durable @throws InvalidValueError; the terms are then as before */
  async setTerms(wanted: Partial<DatabaseTerms>, save: () => void): Promise<void> {
    if (wanted.schedule) readSchedule(wanted.schedule);
    if (wanted.upkeep) await checkUpkeep(wanted.upkeep);
    return this.inTurn(async () => {
      const { zeroLoss } = this.terms;
      this.record.terms = { ...this.record.terms, ...wanted };
      save();
      await this.bringUp();
      if (this.terms.zeroLoss === zeroLoss) return;
      await this.protection.stop();
      this.protection.start(() => this.superuser);
      if (this.terms.zeroLoss) await this.protection.zeroLossInForce(this.superuser);
    });
  }

  /** Oldest first. */
  failovers(): DatabaseFailover[] {
    return this.parts.standby.log.list();
  }

  runUpkeep(task: string): Promise<UpkeepRun> {
    return this.upkeep.run(task);
  }

  upkeepRuns(): UpkeepRun[] {
    return this.upkeep.runs();
  }

  statements(): Promise<StatementReport[]> {
    return this.whileServing(() => readStatements(this.superuser));
  }

  get isRunning(): boolean {
    return this.running;
  }

  /** Out of turn: a restore must not keep it from being measured. @throws where the server is away */
  async levels(): Promise<DatabaseLevels> {
    const levels = await readLevels(this.superuser);
    const lags = [levels.replicationLagS, this.standby.lagS()].filter((lag) => lag !== undefined);
    return lags.length === 0 ? levels : { ...levels, replicationLagS: Math.max(...lags) };
  }

  measureProtection(): Promise<MeasuredProtection> {
    return this.protection.measure();
  }

  variables(): Record<string, string> {
    return this.cluster.environment();
  }

  backup(onProgress: OnProgress, reason = "manual"): Promise<DatabaseBackup> {
    return this.inTurn(async () => {
      await this.bringUp();
      return this.takeBackup(reason, onProgress);
    });
  }

  /** Oldest first, those in former places among them where these can be read. */
  async backups(): Promise<DatabaseBackup[]> {
    const former = this.parts.formerArchives.map(async (archive) =>
      (await readBackups(archive).catch(() => undefined))?.backups.map(backupView),
    );
    const all = [await this.protection.backups(), ...(await Promise.all(former))];
    return all.flatMap((some) => some ?? []).sort((a, b) => a.startedMs - b.startedMs);
  }

  /** @throws RecoveryTargetError and what a restore throws; the database is then as it was. */
  restore(to: string, onProgress: OnProgress): Promise<DatabaseRestored> {
    const target = parseRecoveryTarget(to);
    return this.inTurn(async () => {
      await this.bringUp();
      onProgress({ step: "Archiving the newest WAL" });
      await this.protection.flush();
      const { place, archive: present, formerArchives } = this.parts;
      const archive = await archiveWithPoint(target, present, formerArchives);
      const alsoTimelinesOf = [present, ...formerArchives].filter((one) => one !== archive);
      const request = { place, archive, target, alsoTimelinesOf };
      const { epoch } = this.record;
      let restored: DatabaseRestored;
      try {
        const stop = async () => {
          await this.standby.settle();
          if (this.record.epoch !== epoch)
            throw new FailoverRefusedError(`${this.name} failed over while it was restored`, {
              hint: "It serves from its standby. Restore it again, if that is still wanted.",
            });
          await this.bringDown();
        };
        restored = await restoreInPlace(request, stop, onProgress);
      } finally {
        await this.bringUp();
        await this.protection.flush();
      }
      // The present archive has no backup on the way that the database is on now.
      if (archive !== present) {
        await this.takeBackup("restore", onProgress).catch((error) => this.note("backup_failed", error));
      }
      return restored;
    });
  }

  /** Looks for damage; changes nothing. */
  async check(onProgress: OnProgress): Promise<DatabaseCheck> {
    const { app, environment } = this.record;
    const { dataDir } = this.parts.place;
    const { archive, superuser: connection } = this;
    const found = await this.whileServing(() =>
      checkServingCluster({ dataDir, connection, archive, onProgress }),
    );
    return { app, environment, ...found };
  }

  size(): ReturnType<typeof databaseSize> {
    return this.whileServing(() => databaseSize(this.parts.place, this.archive, this.superuser));
  }

  get settings(): ServerSettings | undefined {
    return this.parts.settings;
  }

  get socketDir(): string {
    return this.parts.place.socketDir;
  }

  get archive(): Archive {
    return this.parts.archive;
  }

  /** As the superuser, over the socket. */
  get superuser(): ClientConfig {
    const { place, record } = this.parts;
    return { host: place.socketDir, port: record.port, user: "postgres", database: "postgres" };
  }

  /** Returns when everything committed before the call is in the archive; within `whileServing`. @throws ArchiveBehindError */
  flush(): Promise<void> {
    return this.protection.flush();
  }

  /** Its server runs while `work` does, and nothing else is done with it. */
  whileServing<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.inTurn(async () => {
      await this.bringUp();
      return work();
    });
  }

  /** What a branch of it is made of: as it is then, or a point of its archive, with all in it that is committed by now. */
  async branchSource(to: string | undefined, onProgress: OnProgress): Promise<BranchSource> {
    const { archive: present, formerArchives, place } = this.parts;
    if (to === undefined) {
      const exclusively = (copy: () => Promise<void>) => this.whileServing(copy);
      return { kind: "running", dataDir: place.dataDir, connection: this.superuser, exclusively };
    }
    const target = parseRecoveryTarget(to);
    onProgress({ step: "Archiving the newest WAL" });
    await this.whileServing(() => this.flush());
    return { kind: "archive", archive: await archiveWithPoint(target, present, formerArchives), target };
  }

  dataBytes(): number {
    return directorySize(this.parts.place.dataDir);
  }

  /** A last backup, then the end of the cluster and its data; the archive stays. @returns the backup's id */
  async remove(onProgress: OnProgress): Promise<string> {
    await this.standby.remove();
    return this.inTurn(async () => {
      await this.bringUp();
      const { id } = await this.takeBackup("final", onProgress);
      onProgress({ step: "Removing the database" });
      await this.bringDown();
      await this.end();
      const { folder, dataDir } = this.parts.place;
      // Elsewhere, after a failover.
      rmSync(dataDir, { recursive: true, force: true });
      if (this.record.former) rmSync(this.record.former.dataDir, { recursive: true, force: true });
      removeFolder(folder);
      return id;
    });
  }

  /** Leaves the server running: it serves on, and the next keeper adopts it. */
  async release(): Promise<void> {
    const ended = this.end();
    await this.standby.release();
    await this.cluster.release();
    await ended;
  }

  report(): DatabaseReport {
    const { archivedToMs, error, behindMs } = this.protection.state();
    const { app, environment, id, port, createdAtMs, epoch = 1, former } = this.record;
    const standby = this.standby.report();
    return {
      ...{ app, environment, id, port, createdAtMs },
      state: this.running ? "running" : "starting",
      verifiedEveryDays: this.record.verifyEveryDays ?? usualVerifyDays,
      sizeBytes: this.running ? this.dataBytes() : 0,
      terms: this.terms,
      nextBackupMs: nextBackupMs(this.terms.schedule, Date.now()),
      archive: this.parts.archive.target.description,
      ...(archivedToMs === undefined ? {} : { archivedToMs }),
      ...(error ? { archiveError: error } : {}),
      ...(behindMs === undefined ? {} : { archiveBehindMs: behindMs }),
      epoch,
      ...(standby ? { standby } : {}),
      ...(former ? { formerPrimary: former.dataDir } : {}),
    };
  }

  private async bringUp(): Promise<void> {
    await this.standby.settle();
    if (!this.running) finishSwitch(this.parts.place);
    await this.cluster.start();
    this.running = this.expected = true;
    this.standby.open();
    this.protection.start(() => this.superuser);
    this.autovacuum.start();
    this.schedule ??= Promise.all([
      this.protection.keepSchedule(() => this.connection()),
      this.upkeep.keep(this.ending.promise),
    ]);
  }

  /** A disk that was replaced, a folder removed by mistake: what was committed is in the archive and in the spool. */
  private async restoreIfLost(): Promise<void> {
    const { dataDir, spoolDir } = this.parts.place;
    const cluster = { dataDir, spoolDir, archive: this.parts.archive };
    if (!(await isLost(cluster))) return;
    if (this.standby.takesOver) {
      throw new ServerStartError(`The data directory ${dataDir} is gone, and the standby takes over`, {
        hint: "Nothing has to be done.",
      });
    }
    mkdirSync(dirname(dataDir), { recursive: true, mode: 0o711 });
    this.note("data_directory_lost", undefined);
    await this.protection.stop();
    await restoreLost(cluster);
    this.note("restored_from_archive", undefined);
    this.protection.start(() => this.superuser);
  }

  /** The server first: while it shuts down it sends the archiver all that was committed. */
  private async bringDown(): Promise<void> {
    this.expected = false;
    await this.cluster.stop();
    this.running = false;
    await this.protection.stop();
  }

  private async takeBackup(reason: string, onProgress: OnProgress): Promise<DatabaseBackup> {
    return this.protection.backUp(reason, await this.connection(), onProgress);
  }

  private async connection() {
    await this.cluster.start();
    return this.superuser;
  }

  private async end(): Promise<void> {
    this.ended = true;
    this.ending.resolve();
    this.autovacuum.stop();
    await this.protection.end();
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }

  private note(event: string, error: unknown): void {
    const reason = error === undefined ? "" : `: ${errorJson(error).message}`;
    console.log(`${new Date().toISOString()} ${this.name} ${event}${reason}`);
  }
}
