import { dirname, join } from "node:path";
import { loadOrCreateKey } from "@evenkeel/disk";
import type { HomeLayout } from "@evenkeel/model";
import { Archive } from "../archive/archive.ts";
import { ArchiveKey } from "../archive/archive-key.ts";
import { subTarget, type TargetSpec } from "../archive/archive-target.ts";
import { openTarget } from "../archive/open-target.ts";
import { type DatabaseRecord, databaseFolder } from "./database-record.ts";

/** Where everything of one database stands. */
export interface DatabasePlace {
  folder: string;
  dataDir: string;
  /** A restored data directory before it takes the place of `dataDir`. */
  restoredDir: string;
  spoolDir: string;
  socketDir: string;
}

export function databasePlace(layout: HomeLayout, record: DatabaseRecord): DatabasePlace {
  const folder = databaseFolder(layout, record);
  const dataDir = record.dataDir ?? join(folder, "data");
  return {
    folder,
    dataDir,
    // On the same file system: it is renamed.
    restoredDir: join(dirname(dataDir), "restored"),
    spoolDir: join(folder, "spool"),
    socketDir: layout.databaseServerSockets,
  };
}

/**
 * The keys of a database, made where they are missing. They stand with the platform's other keys, outside the data directory and its
 * backups, and stay when the database is removed: its archive does not open without them.
 */
export function databaseKeys(
  layout: HomeLayout,
  id: string,
): { password: string; archive: ArchiveKey; replication: () => string } {
  const path = (use: string) => join(layout.keys, "databases", `${id}.${use}.key`);
  const secret = (use: string) => Buffer.from(loadOrCreateKey(path(use))).toString("base64url");
  return {
    password: secret("password"),
    archive: new ArchiveKey(loadOrCreateKey(path("archive"))),
    // What a standby comes with; most databases have none.
    replication: () => secret("replication"),
  };
}

/** @param root where all archives are */
export const databaseArchive = (
  root: TargetSpec,
  { app, environment, id }: DatabaseRecord,
  key: ArchiveKey,
): Archive => new Archive(openTarget(subTarget(root, `${app}/${environment}/${id}`)), key);
