import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { syncFolder, writeFileDurably } from "@evenkeel/disk";
import { type AppEnvironment, type DatabaseTerms, type HomeLayout, randomId } from "@evenkeel/model";
import type { FormerPrimary, StandbyRecord } from "../standby/standby-record.ts";

/** `cluster.json`: that an app environment has a database, and what cannot be worked out anew. */
export interface DatabaseRecord extends AppEnvironment {
  formatVersion: 1;
  /** Tells its keys and its archive from those of an earlier database of the same app environment. */
  id: string;
  /** Tells the app from an earlier one of the same name. */
  appId: string;
  /** On 127.0.0.1; stays the same, since deployments remember it. */
  port: number;
  createdAtMs: number;
  /** Absent: weekly; 0: never. */
  verifyEveryDays?: number;
  /** Where it differs from what is usual. */
  terms?: Partial<DatabaseTerms>;
  /** Absent: `data` beside the record. After a failover the former standby's. */
  dataDir?: string;
  /** Counts its primaries; absent: 1. */
  epoch?: number;
  standby?: StandbyRecord;
  /** While nothing was made of it. */
  former?: FormerPrimary;
  /** Its removal was begun: it is taken up again after a crash. */
  removing?: true;
}

const fileName = "cluster.json";

export const databaseFolder = (layout: HomeLayout, { app, environment }: AppEnvironment): string =>
  join(layout.postgres, "apps", app, environment);

export function writeRecord(layout: HomeLayout, record: DatabaseRecord): void {
  const folder = databaseFolder(layout, record);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  writeFileDurably(join(folder, fileName), `${JSON.stringify(record, null, 2)}\n`, 0o600);
}

/** Between a database's folder and its random end while it is removed: half of a folder must not be taken for a database. */
const removedMark = ".removed-";

export function removeFolder(folder: string): void {
  const removed = `${folder}${removedMark}${randomId(6)}`;
  renameSync(folder, removed);
  syncFolder(dirname(folder));
  rmSync(removed, { recursive: true, force: true });
}

/** Ends removals that were interrupted. */
export function sweepRemoved(layout: HomeLayout): void {
  const apps = join(layout.postgres, "apps");
  for (const app of foldersIn(apps)) {
    for (const name of foldersIn(join(apps, app))) {
      if (name.includes(removedMark)) rmSync(join(apps, app, name), { recursive: true, force: true });
    }
  }
}

/** Every app database of the machine. */
export function readRecords(layout: HomeLayout): DatabaseRecord[] {
  const apps = join(layout.postgres, "apps");
  return foldersIn(apps).flatMap((app) =>
    foldersIn(join(apps, app)).flatMap((environment) => {
      if (environment.includes(removedMark)) return [];
      const path = join(apps, app, environment, fileName);
      return existsSync(path) ? [JSON.parse(readFileSync(path, "utf8")) as DatabaseRecord] : [];
    }),
  );
}

const foldersIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);
