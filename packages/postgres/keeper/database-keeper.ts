import { join } from "node:path";
import {
  type AppEnvironment,
  type DatabaseRemoved,
  type DatabaseReport,
  type DatabaseSize,
  type DatabasesReply,
  type DatabasesRequest,
  type DatabaseTerms,
  type FailoverStep,
  type HomeLayout,
  randomId,
} from "@evenkeel/model";
import type { TargetSpec } from "../archive/archive-target.ts";
import { DrillKeeper } from "../drills/drill-keeper.ts";
import { AppDatabaseUnknownError } from "../errors.ts";
import { readArchivePlace, readFormerPlaces } from "../platform/archive-place.ts";
import type { ServerSettings } from "../server/server-settings.ts";
import { FailoverLog } from "../standby/failover-log.ts";
import type { StandbyOwner } from "../standby/standby-owner.ts";
import { allotPort } from "./allot-port.ts";
import { AppDatabase } from "./app-database.ts";
import { BranchKeeper, type BranchKeeperParts } from "./branches/branch-keeper.ts";
import type { OnProgress } from "./cluster-protection.ts";
import { databaseArchive, databaseKeys, databasePlace } from "./database-place.ts";
import { type DatabaseRecord, readRecords, sweepRemoved, writeRecord } from "./database-record.ts";
import type { MeasuredDatabase } from "./measure/database-measures.ts";
import { VerificationKeeper } from "./verification/verification-keeper.ts";

const keyOf = ({ app, environment }: AppEnvironment): string => `${app}/${environment}`;

export interface KeeperOptions extends Pick<BranchKeeperParts, "idleMs" | "disk"> {
  /** How often it looks for databases whose verification is due; default a minute. */
  verificationLookMs?: number;
  /** How often primaries and standbys are looked at; default 2 s. */
  standbyLookMs?: number;
  /** Told of each step of a failover once it is on disk. */
  onFailoverStep?: (step: FailoverStep) => void;
}

/** All databases of apps on this machine. What exists is what `cluster.json` files say. */
export class DatabaseKeeper {
  /** Where all archives are. */
  private readonly archives: TargetSpec;
  /** Where they were before. */
  private readonly formerPlaces: TargetSpec[];
  private readonly databases = new Map<string, AppDatabase>();
  private readonly removals = new Map<string, Promise<DatabaseRemoved>>();
  private readonly branches: BranchKeeper;
  private readonly verifications: VerificationKeeper;
  private readonly drills: DrillKeeper;
  /** Counts on over restarts, as far as clocks do. */
  private failoverChanges = Date.now();
  private failoverChanged = Promise.withResolvers<void>();
  private readonly standbyOptions: Pick<StandbyOwner, "lookEveryMs" | "onFailoverStep">;

  constructor(
    private readonly layout: HomeLayout,
    private readonly settings?: ServerSettings,
    { verificationLookMs, standbyLookMs, onFailoverStep, ...branchOptions }: KeeperOptions = {},
  ) {
    this.standbyOptions = { lookEveryMs: standbyLookMs, onFailoverStep };
    this.archives = readArchivePlace(layout);
    this.formerPlaces = readFormerPlaces(layout);
    this.branches = new BranchKeeper({
      ...{ layout, settings },
      database: (name) => this.get(name),
      allotPort: () => this.allotPort(),
      ...branchOptions,
    });
    this.drills = new DrillKeeper(
      layout,
      () => this.allotPort(),
      (copy, database) => new DatabaseKeeper(copy, database.settings),
    );
    this.verifications = new VerificationKeeper(
      layout,
      () => [...this.databases.values()],
      verificationLookMs,
    );
  }

  /** Takes up what is there; returns at once, and each starts on its own. */
  open(): void {
    sweepRemoved(this.layout);
    for (const record of readRecords(this.layout)) {
      const database = this.add(record);
      void database.keep().then(() => {
        if (record.removing) this.remove(record, () => {}).catch(() => {});
      });
    }
    this.branches.open();
    this.verifications.open();
  }

  /** For being measured. */
  measured(): MeasuredDatabase[] {
    return [...this.databases.values()].map((database) => ({
      ...{ record: database.record, isRunning: database.isRunning },
      protection: () => database.measureProtection(),
      levels: () => database.levels(),
    }));
  }

  /** Servers go on. */
  async release(): Promise<void> {
    this.verifications.release();
    await Promise.all([
      this.branches.release(),
      ...[...this.databases.values()].map((database) => database.release()),
    ]);
  }

  async answer(request: DatabasesRequest, onProgress: OnProgress): Promise<DatabasesReply> {
    switch (request.type) {
      case "ensure":
        return { database: await this.ensure(request, onProgress) };
      case "credentials":
        return { variables: this.get(request).variables() };
      case "list":
        return { databases: [...this.databases.values()].map((database) => this.report(database)) };
      case "backup":
        return { backup: await this.get(request).backup(onProgress, request.label) };
      case "backups":
        return { backups: await this.get(request).backups() };
      case "restore":
        return { restored: await this.get(request).restore(request.to, onProgress) };
      case "remove":
        if (!this.databases.has(keyOf(request))) return {};
        return { removed: await this.remove(request, onProgress) };
      case "setTerms":
        return { database: await this.setTerms(request) };
      case "runUpkeep":
        return { upkeep: [await this.get(request).runUpkeep(request.task)] };
      case "upkeepRuns":
        return { upkeep: this.get(request).upkeepRuns() };
      case "statements":
        return { statements: await this.get(request).statements() };
      case "branch":
        return { branch: await this.branches.make(request, onProgress) };
      case "branchCredentials":
        return { variables: this.branches.variables(request) };
      case "branches":
        return { branches: this.branches.list() };
      case "removeBranch":
        await this.branches.remove(request);
        return {};
      case "verify":
        return { evidence: [await this.verifications.verify(this.get(request), "manual", onProgress)] };
      case "verifyEvery":
        return { database: this.verifyEvery(request, request.days) };
      case "evidence":
        return { evidence: this.verifications.evidence() };
      case "check":
        return { check: await this.verifications.check(this.get(request), onProgress) };
      case "size":
        return { size: await this.size(request) };
      case "addStandby":
        await this.get(request).standby.add(request, onProgress);
        return { database: this.report(this.get(request)) };
      case "removeStandby":
        await this.get(request).standby.remove();
        return {};
      case "failover":
        onProgress({ step: "Changing the primary" });
        return { failover: await this.get(request).standby.failOver(request) };
      case "failback":
        await this.get(request).standby.failBack(request, onProgress);
        return { database: this.report(this.get(request)) };
      case "drill":
        return {
          drill: await this.drills.run(request.scenario, request.drill, this.get(request), onProgress),
        };
      case "keepDrill":
        await this.get(request).archive.replace(`drills/${request.drill}`, Buffer.from(request.record));
        return {};
      case "failovers":
        return this.failovers(request.after);
    }
  }

  private async ensure(
    wish: AppEnvironment & { appId: string },
    onProgress: OnProgress,
  ): Promise<DatabaseReport> {
    const known = this.databases.get(keyOf(wish));
    if (known && (known.record.removing || known.record.appId !== wish.appId)) {
      // An app of the same name, gone before its database was.
      await this.remove(wish, onProgress);
    }
    const database = this.databases.get(keyOf(wish)) ?? this.create(wish);
    await database.ensure(onProgress);
    return this.report(database);
  }

  private verifyEvery(name: AppEnvironment, days: number): DatabaseReport {
    const database = this.get(name);
    database.record.verifyEveryDays = days;
    writeRecord(this.layout, database.record);
    return this.report(database);
  }

  private async failovers(after: number | undefined): Promise<DatabasesReply> {
    while (after !== undefined && after >= this.failoverChanges) await this.failoverChanged.promise;
    const failovers = [...this.databases.values()].flatMap((database) => database.failovers());
    return { failovers, failoverChanges: this.failoverChanges };
  }

  private async size({ app, environment }: AppEnvironment): Promise<DatabaseSize> {
    const own = this.branches
      .list()
      .filter((branch) => branch.app === app && branch.parent?.environment === environment);
    const branches = own.map(({ branch, sizeBytes }) => ({ branch, bytes: sizeBytes }));
    return { app, environment, branches, ...(await this.get({ app, environment }).size()) };
  }

  private report(database: AppDatabase): DatabaseReport {
    const newest = this.verifications.newest(database);
    if (!newest) return database.report();
    const { id, startedMs, verdict } = newest;
    return { ...database.report(), verification: { id, startedMs, verdict } };
  }

  private async setTerms({
    terms,
    ...name
  }: { terms: Partial<DatabaseTerms> } & AppEnvironment): Promise<DatabaseReport> {
    const database = this.get(name);
    await database.setTerms(terms, () => writeRecord(this.layout, database.record));
    return database.report();
  }

  private create({ app, environment, appId }: AppEnvironment & { appId: string }): AppDatabase {
    const record: DatabaseRecord = {
      ...{ formatVersion: 1, id: randomId(10), app, environment, appId },
      ...{ port: this.allotPort(), createdAtMs: Date.now() },
    };
    // Before the record: one that is there has its keys.
    databaseKeys(this.layout, record.id);
    writeRecord(this.layout, record);
    return this.add(record);
  }

  private add(record: DatabaseRecord): AppDatabase {
    const place = databasePlace(this.layout, record);
    const keys = databaseKeys(this.layout, record.id);
    const archive = databaseArchive(this.archives, record, keys.archive);
    const { settings } = this;
    const formerArchives = this.formerPlaces.map((former) => databaseArchive(former, record, keys.archive));
    const database = new AppDatabase({
      ...{ record, place, archive, formerArchives, password: keys.password, settings },
      standby: {
        log: new FailoverLog(join(place.folder, "failovers"), () => this.tellFailover()),
        replicationPassword: keys.replication,
        allotPort: () => this.allotPort(),
        save: () => writeRecord(this.layout, record),
        ...this.standbyOptions,
      },
    });
    this.databases.set(keyOf(record), database);
    return database;
  }

  private tellFailover(): void {
    this.failoverChanges++;
    this.failoverChanged.resolve();
    this.failoverChanged = Promise.withResolvers();
  }

  private remove(name: AppEnvironment, onProgress: OnProgress): Promise<DatabaseRemoved> {
    const key = keyOf(name);
    const removal = this.removals.get(key) ?? this.removeOnce(this.get(name), onProgress);
    this.removals.set(key, removal);
    return removal.finally(() => this.removals.delete(key));
  }

  private async removeOnce(database: AppDatabase, onProgress: OnProgress): Promise<DatabaseRemoved> {
    const { record } = database;
    const { app, environment } = record;
    record.removing = true;
    writeRecord(this.layout, record);
    const backup = await database.remove(onProgress);
    this.databases.delete(keyOf(record));
    return { app, environment, backup, archive: database.report().archive };
  }

  /** That nobody has, here or elsewhere on the machine. */
  allotPort(): number {
    const ports = [...this.databases.values()].flatMap(({ record }) =>
      record.standby ? [record.port, record.standby.port] : [record.port],
    );
    return allotPort(new Set([...ports, ...this.branches.ports]));
  }

  private get(name: AppEnvironment): AppDatabase {
    const database = this.databases.get(keyOf(name));
    if (database) return database;
    throw new AppDatabaseUnknownError(`${name.app} has no database in ${name.environment}`, {
      hint: `Make one: evenkeel db create ${name.app} --env ${name.environment}`,
    });
  }
}
