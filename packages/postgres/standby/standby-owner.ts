import type { DatabaseFailover } from "@evenkeel/model";
import type { ClientConfig } from "pg";
import type { AppCluster } from "../app-cluster/app-cluster.ts";
import type { Archive } from "../archive/archive.ts";
import type { DatabasePlace } from "../keeper/database-place.ts";
import type { DatabaseRecord } from "../keeper/database-record.ts";
import type { ServerSettings } from "../server/server-settings.ts";
import type { FailoverLog } from "./failover-log.ts";

/** The database that a standby belongs to. */
export interface StandbyOwner {
  record: DatabaseRecord;
  place: DatabasePlace;
  /** The server under the app's address. */
  primary: AppCluster;
  superuser: ClientConfig;
  archive: Archive;
  settings: ServerSettings | undefined;
  log: FailoverLog;
  replicationPassword: () => string;
  allotPort: () => number;
  save: () => void;
  terms: () => { zeroLoss: boolean; failoverChecks: number };
  /** It was started and nobody has stopped it: when it does not answer, something is wrong. */
  isExpected: () => boolean;
  /** How far the archive is; undefined while nothing was received. */
  received: () => string | undefined;
  /** The primary serves while `work` runs, and nothing else is done with it. */
  whileServing: <Result>(work: () => Promise<Result>) => Promise<Result>;
  inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  note: (event: string, error?: unknown) => void;
  /** From one check of the primary to the next; default 2 s. */
  lookEveryMs?: number | undefined;
  /** Told of each step of a failover once it is on disk. */
  onFailoverStep?: ((step: DatabaseFailover["step"]) => void) | undefined;
}
