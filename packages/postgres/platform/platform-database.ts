import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";
import type { ClientConfig } from "pg";
import { isLost, restoreLost } from "../keeper/restore-lost.ts";
import { readArchivePlace } from "./archive-place.ts";
import { platformArchives } from "./platform-archives.ts";

/** Where the platform's own cluster stands, and how the platform's account reaches it. */
export function platformDatabase(layout: HomeLayout): {
  dataDir: string;
  socketDir: string;
  spoolDir: string;
  connection: ClientConfig;
} {
  const socketDir = join(layout.run, "pg");
  return {
    dataDir: join(layout.postgres, "control"),
    socketDir,
    spoolDir: join(layout.postgres, "control-spool"),
    connection: { host: socketDir, port: 5432, user: "postgres", database: "postgres" },
  };
}

/** A new cluster in the place of a lost one would be a platform without apps. Nothing happens where none was lost. */
export async function restoreLostPlatformDatabase(layout: HomeLayout): Promise<void> {
  const { dataDir, spoolDir } = platformDatabase(layout);
  if (existsSync(dataDir) || !existsSync(layout.recoveryKey)) return;
  const archive = platformArchives(readArchivePlace(layout), readFileSync(layout.recoveryKey)).database;
  if (!(await isLost({ dataDir, spoolDir, archive }))) return;
  console.error("The platform's database is lost; restoring it from its archive");
  await restoreLost({ dataDir, spoolDir, archive });
}
