import type { AppEnvironment } from "../app-environment.ts";
import type { ErrorJson } from "../errors.ts";
import type { AppName } from "../ids.ts";
import type { EnvironmentName } from "../serving/serving-state.ts";

/** A copy of an app's database, for a preview or for a look. */
export interface BranchName {
  app: AppName;
  /** As `branchLabel` makes it of a git branch, or the id of a deployment without one. */
  branch: string;
}

export interface BranchWish extends BranchName {
  appId: string;
  /** What it is a copy of; absent: it is empty. */
  parent?: BranchParent;
  limits: BranchLimits;
  /** Run in it as the app's role, in one transaction, before anybody may connect; when it fails there is no branch. */
  scrubSql?: string;
}

export interface BranchParent {
  environment: EnvironmentName;
  /** A point of its archive, as `restore` takes it; absent: as it is now. */
  to?: string;
}

export interface BranchLimits {
  /** The parent may have at most this many. */
  sizeBytes: number;
  /** All branches of the app together. */
  totalBytes: number;
}

/**
 * `run/databases.sock`, one JSON value a line: control asks the keeper of apps' databases. Every request has an `id` of its connection;
 * replies with it come until one with `done`. Each request may be repeated after a lost connection: `ensure`, `branch` and the removals
 * come to the same, a backup or a verification is one more, and a restore to the same point is one more restore.
 */
export type DatabasesRequest =
  /** Makes it where it is missing, with its first backup; replies with `database` when it takes connections. */
  | ({ type: "ensure"; appId: string } & AppEnvironment)
  /** Replies with `variables`: what the app's processes find it by. */
  | ({ type: "credentials" } & AppEnvironment)
  /** Replies with `databases`. */
  | { type: "list" }
  /** `label` says what asked for it; default `manual`. */
  | ({ type: "backup"; label?: "pre-migration" } & AppEnvironment)
  /** Replies with `backups`, oldest first. */
  | ({ type: "backups" } & AppEnvironment)
  /** Sets it back to a point and keeps what it was; replies with `restored`. */
  | ({ type: "restore"; to: string } & AppEnvironment)
  /** Takes a last backup, then ends the cluster and removes its data; replies with `removed`. Nothing happens if there is none. */
  | ({ type: "remove" } & AppEnvironment)
  /** From now on it is promised this; what is absent stays. Replies with `database`. */
  | ({ type: "setTerms"; terms: Partial<DatabaseTerms> } & AppEnvironment)
  /** Runs a task of upkeep now; replies with `upkeep`, that run alone. */
  | ({ type: "runUpkeep"; task: string } & AppEnvironment)
  /** Replies with `upkeep`: runs that are kept, newest first. */
  | ({ type: "upkeepRuns" } & AppEnvironment)
  /** Replies with `statements`: what takes the database's time, by `pg_stat_statements`. */
  | ({ type: "statements" } & AppEnvironment)
  /** Makes it where it is missing; replies with `branch` when it takes connections. */
  | ({ type: "branch" } & BranchWish)
  /** Replies with `variables`. */
  | ({ type: "branchCredentials" } & BranchName)
  /** Replies with `branches`. */
  | { type: "branches" }
  /** Ends its cluster and removes its data. Nothing happens if there is none. */
  | ({ type: "removeBranch" } & BranchName)
  /** Proves that its archive restores, or that it does not; replies with `evidence` of one. */
  | ({ type: "verify" } & AppEnvironment)
  /** From now on that happens by itself every so many days, 0: never; replies with `database`. */
  | ({ type: "verifyEvery"; days: number } & AppEnvironment)
  /** Replies with `evidence` of all databases, oldest first of each. */
  | { type: "evidence" }
  /** Looks for damage in the serving cluster, and changes nothing in it; replies with `check`. */
  | ({ type: "check" } & AppEnvironment)
  /** Replies with `size`. */
  | ({ type: "size" } & AppEnvironment)
  /** Makes a hot standby of it, or changes the terms of the one that is there; replies with `database` when it streams. */
  | ({ type: "addStandby"; sync: boolean; path?: string } & AppEnvironment)
  /** Ends it and removes its data. Nothing happens if there is none. */
  | ({ type: "removeStandby" } & AppEnvironment)
  /** Makes the standby the primary; replies with `failover`. A primary that answers hands over without a loss. */
  | ({ type: "failover" } & FailoverWish & AppEnvironment)
  /** Makes the former primary a standby again; with `switchBack` the primary, too. Replies with `database`. */
  | ({ type: "failback"; switchBack: boolean; by: string; reason: string } & AppEnvironment)
  /** Replies with `failovers` of all databases, oldest first. With `after`, a count as `failoverChanges` had it, it waits until there is something new. */
  | { type: "failovers"; after?: number }
  /** Rehearses a disaster on a copy; replies with `drill`. What fails is its result, not an error. */
  | ({ type: "drill"; scenario: KeeperScenario; drill: string } & AppEnvironment)
  /** Keeps a drill's record in the database's archive, where it survives this machine. */
  | ({ type: "keepDrill"; drill: string; record: string } & AppEnvironment);

/** Drills that are the keeper's. */
export const keeperScenarios = [
  "database_corruption",
  "region_failure",
  "control_plane_loss",
  "security_incident",
] as const;
export type KeeperScenario = (typeof keeperScenarios)[number];

/** One step of a drill. */
export interface DrillStep {
  name: string;
  tookMs: number;
  /** What was seen, in one sentence. */
  says: string;
}

/** What a rehearsal has measured and seen. */
export interface DrillFindings {
  steps: DrillStep[];
  /** How much of the newest data a loss at that moment cost; absent where it was not come to, or there is none to lose. */
  rpoMs?: number;
  /** From the disaster to being back. */
  rtoMs?: number;
  /** A step that failed, or could not run. */
  failures: { step: string; code: string; message: string }[];
}

export interface FailoverWish {
  /** Who decided, for the record. */
  by: string;
  reason: string;
  /** Of a decision that nobody took in person: only where the primary does not answer. */
  automatic?: true;
}

/** What the keeper does for the platform itself: its own database, its files, and where all archives are. */
export type PlatformRequest =
  /** Replies with `platform`. */
  | { type: "platform" }
  /** Takes a backup of the platform's database and files; replies with `platform`. */
  | { type: "backupPlatform" }
  /** From now on all archives are there, beginning with new backups; replies with `platform`. The keeper starts anew. */
  | { type: "placeArchive"; place: ArchivePlace };

export type ToDatabases = (DatabasesRequest | PlatformRequest) & { id: number };

/** What a database is promised, as people write it. */
export interface DatabaseTerms {
  /** Times of backups and how long they are kept: `daily 02:00 UTC, 30 days`, `weekly Sunday 01:00 UTC, 12 weeks`, `continuous, 7 days`. */
  schedule: string[];
  /** A commit is acknowledged when the archive's receiver has it on disk, too. */
  zeroLoss: boolean;
  upkeep: UpkeepTask[];
  /** The standby takes over by itself after so many checks in a row that the primary did not answer, two seconds apart; 0: only when somebody asks. */
  failoverChecks: number;
}

/** A hot standby of a database. */
export interface StandbyReport {
  /**
   * - `copying`: its base is being made.
   * - `streaming`: it follows.
   * - `waiting`: it is not connected, and tries.
   * - `refused`: it is none of this database; `error` says why.
   */
  state: "copying" | "streaming" | "waiting" | "refused";
  folder: string;
  /** Commits wait for it. */
  sync: boolean;
  /** Since when they do not, although they should: it was away. */
  syncSuspendedMs?: number;
  /** What it has not replayed yet; absent while it is not connected. */
  lagBytes?: number;
  lagMs?: number;
  error?: ErrorJson;
}

/** What a standby did not have when it became the primary. */
export interface LostCommits {
  commits: number;
  /** Of WAL. */
  bytes: number;
  /** From the last commit that is kept to the last one that is not. */
  seconds: number;
  /** By the end of the former primary's own WAL; else by what the archive had received of it, which may have been less. */
  measuredBy: "primary" | "archive";
}

/** One change of the primary; the row is on disk before each step, so that a crash goes on with it. */
export interface DatabaseFailover extends AppEnvironment {
  id: string;
  /** The database's. */
  database: string;
  /** Counts the primaries of a database; a server of a former one does not start. */
  epoch: number;
  kind: "failover" | "failback";
  trigger: "automatic" | "manual";
  by: string;
  reason: string;
  state: "running" | "done" | "failed";
  step: FailoverStep;
  startedMs: number;
  /** When the former primary could write no more; when the new one took writes. */
  fencedMs?: number;
  acceptedMs?: number;
  /** The former primary was shut down and the standby had all of it. */
  planned: boolean;
  /** Commits waited for the standby: those that it did not have had been acknowledged to nobody. */
  commitsWaited?: true;
  /** Data directories. */
  from: string;
  to: string;
  /** That the new primary has begun. */
  timeline?: number;
  /** When the last commit was made that it has. */
  lastKeptMs?: number;
  lost?: LostCommits;
  error?: ErrorJson;
}

/** In this order. */
export const failoverSteps = ["fence", "promote", "switch", "serve"] as const;
export type FailoverStep = (typeof failoverSteps)[number];

/** Maintenance SQL, run as the app's role, statement by statement. */
export interface UpkeepTask {
  name: string;
  /** `daily 03:00 UTC`, `weekly Sunday 04:00 UTC`. */
  when: string;
  sql: string;
}

export interface UpkeepRun {
  task: string;
  startedMs: number;
  tookMs: number;
  /** That were run to their end. */
  statements: number;
  /** Rows that they changed or gave, together. */
  rows: number;
  /** Of the statement at which the run ended. */
  error?: string;
}

/** One kind of statement, with its parameters left out. */
export interface StatementReport {
  statement: string;
  calls: number;
  totalMs: number;
  meanMs: number;
  rows: number;
}

/** Where archives are kept. */
export type ArchivePlace =
  /** An absolute path. */
  | { kind: "folder"; path: string }
  | {
      kind: "s3";
      /** `https://s3.eu-central-1.amazonaws.com`, or any service that speaks the same protocol. */
      endpoint: string;
      region: string;
      bucket: string;
      /** Before every key, without slashes at its ends; may be empty. */
      prefix: string;
      accessKeyId: string;
      secretAccessKey: string;
    };

/** How far the platform's own protection is. */
export interface PlatformProtection {
  /** Where all archives are, without credentials. */
  archive: string;
  /** It is inside the data directory, and goes with it. */
  onThisMachine: boolean;
  recoveryKeyExported: boolean;
  database: {
    /** All that was committed by then is in the archive. */
    archivedToMs?: number;
    error?: ErrorJson;
    /** How far the archive is behind, when that is more than usual. */
    behindMs?: number;
    newestBackupMs?: number;
  };
  /** Keys, build outputs, git repositories. */
  files: {
    /** When their newest copy was begun that is whole. */
    copiedAtMs?: number;
    error?: ErrorJson;
  };
}

export interface FromDatabases extends DatabasesReply {
  id: number;
  done: boolean;
  /** While it is not done. */
  progress?: DatabaseProgress;
  error?: ErrorJson;
}

export interface DatabasesReply {
  database?: DatabaseReport;
  variables?: Record<string, string>;
  databases?: DatabaseReport[];
  backup?: DatabaseBackup;
  backups?: DatabaseBackup[];
  restored?: DatabaseRestored;
  removed?: DatabaseRemoved;
  branch?: BranchReport;
  branches?: BranchReport[];
  platform?: PlatformProtection;
  evidence?: DatabaseEvidence[];
  check?: DatabaseCheck;
  size?: DatabaseSize;
  upkeep?: UpkeepRun[];
  statements?: StatementReport[];
  failover?: DatabaseFailover;
  failovers?: DatabaseFailover[];
  /** Counts what has changed of `failovers`. */
  failoverChanges?: number;
  drill?: DrillFindings;
}

export interface DatabaseProgress {
  /** What is being done, for people. */
  step: string;
  /** 0 to 1, where it is known. */
  fraction?: number;
}

export interface DatabaseReport extends AppEnvironment {
  id: string;
  state: "running" | "starting";
  /** On 127.0.0.1. */
  port: number;
  createdAtMs: number;
  /** On disk, WAL included. */
  sizeBytes: number;
  terms: DatabaseTerms;
  /** When the next backup is due. */
  nextBackupMs: number;
  /** Where its backups are. */
  archive: string;
  /** All that was committed by then is in the archive; absent before its first WAL. */
  archivedToMs?: number;
  /** Why nothing reaches the archive, while that is so. */
  archiveError?: ErrorJson;
  /** How far the archive is behind, when that is more than usual. */
  archiveBehindMs?: number;
  /** Counts its primaries. */
  epoch: number;
  standby?: StandbyReport;
  /** Where the former primary is, fenced, until `db failback` or `db standby` makes it anew. */
  formerPrimary?: string;
  /** It is verified by itself every so many days; 0: never. */
  verifiedEveryDays: number;
  /** The newest verification; absent before the first. */
  verification?: Pick<DatabaseEvidence, "id" | "startedMs" | "verdict">;
}

export interface DatabaseBackup {
  id: string;
  /** What asked for it: `daily`, `manual`, `pre-migration`, `final`, … */
  label: string;
  kind: "full" | "incremental";
  startedMs: number;
  stoppedMs: number;
  dataBytes: number;
  /** New in the archive by it. */
  storedBytes: number;
}

export interface DatabaseRestored {
  /** When the last transaction that the database has now was committed, as PostgreSQL says it; absent when none came after the backup. */
  lastCommit?: string;
  /** The backup that it began from. */
  backup: string;
  timeline: number;
  /** Folder with the data as it was before. */
  replaced: string;
}

export interface DatabaseRemoved extends AppEnvironment {
  /** Where its backups stay. */
  archive: string;
  backup: string;
}

export interface BranchReport extends BranchName {
  id: string;
  /** Tells the app from an earlier one of the same name. */
  appId: string;
  /** `asleep`: its server starts with the next connection. */
  state: "making" | "running" | "asleep";
  /** On 127.0.0.1. */
  port: number;
  parent?: BranchParent;
  scrubbed: boolean;
  createdAtMs: number;
  /** When somebody was connected last. */
  usedAtMs: number;
  /** On disk; blocks that it shares with its parent count in full. */
  sizeBytes: number;
}

/** What a look for damage in a serving cluster has found. */
export interface DatabaseCheck extends AppEnvironment {
  startedMs: number;
  finishedMs: number;
  /** What could not be checked has failed. */
  verdict: "passed" | "failed";
  /** Pages whose checksum was verified, indexes and tables that `amcheck` went through. */
  pages: number;
  indexes: number;
  tables: number;
  failures: { step: string; code: string; message: string }[];
}

/** Where a database's room goes, in bytes. */
export interface DatabaseSize extends AppEnvironment {
  /** Data directory without WAL. */
  dataBytes: number;
  walBytes: number;
  /** WAL that waits for the archive. */
  spoolBytes: number;
  archive: { backupBytes: number; walBytes: number };
  branches: { branch: string; bytes: number }[];
  /** Largest first, the app's own. */
  relations: RelationSize[];
}

export interface RelationSize {
  /** With its schema: `public.orders`. */
  name: string;
  kind: "table" | "index" | "materialized view" | "sequence";
  /** The table that an index belongs to. */
  table?: string;
  /** With out-of-line values (TOAST), without indexes. */
  bytes: number;
  /** As the planner estimates; absent before the first ANALYZE, and of indexes. */
  rows?: number;
}

/** The row that proves, or disproves, that a database's archive restores, or that what serves has no damage. */
export interface DatabaseEvidence extends AppEnvironment {
  id: string;
  /** Absent: the archive was restored. `check`: the serving cluster was looked at (`db check`). */
  kind?: "check";
  /** The database's, which names its archive. */
  database: string;
  trigger: "scheduled" | "manual";
  startedMs: number;
  /** Absent while it runs. */
  finishedMs?: number;
  /** A check that could not run has failed, and so has one that a crash interrupted. */
  verdict: "running" | "passed" | "failed";
  /** What failed: the step, and why. */
  failures: { step: string; code: string; message: string }[];
  /** The backup that was restored. */
  backup?: string;
  /** Position of the WAL up to which it was replayed, at which the rows had been counted. */
  recoveredTo?: string;
  /** When that was. */
  recoveredMs?: number;
  /** Age of the newest archived commit when it began: what a loss at that moment would have cost. */
  rpoMs?: number;
  /** From the begin of the restore to the first answer of the restored cluster. */
  rtoMs?: number;
  restoredBytes: number;
  pages: number;
  indexes: number;
  tables: number;
  rows: number;
}
