import { existsSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";
import { drillFolder } from "../drills/drill-folder.ts";
import { killServer } from "../server/kill-server.ts";
import { readPostmasterFile } from "../server/postmaster-file.ts";
import { servesCluster } from "../server/process-table.ts";
import { RunningCluster } from "../server/running-cluster.ts";
import { readBranchFolders } from "./branches/branch-record.ts";
import { databasePlace } from "./database-place.ts";
import { readRecords } from "./database-record.ts";
import { verificationFolder } from "./verification/verification-keeper.ts";

/** Stops the servers of all apps' databases and branches, whether or not a keeper was there; it must have ended before. */
export async function stopDatabases(layout: HomeLayout): Promise<void> {
  const folders = [
    ...readRecords(layout).flatMap((record) => {
      const standby = record.standby?.dataDir;
      return [databasePlace(layout, record).dataDir, ...(standby ? [standby] : [])];
    }),
    ...readBranchFolders(layout).map(({ folder }) => join(folder, "data")),
  ];
  const servers = folders.flatMap((folder) => {
    if (!existsSync(folder)) return [];
    const dataDir = realpathSync(folder);
    const { pid, port = 0 } = readPostmasterFile(dataDir) ?? {};
    if (pid === undefined || !servesCluster(pid, dataDir)) return [];
    const socketDir = layout.databaseServerSockets;
    return [new RunningCluster({ dataDir, socketDir, port, superuser: "postgres", pid })];
  });
  await Promise.all(servers.map((server) => server.stop("fast")));
  for (const folder of throwAwayFolders(layout)) await killServer(folder).catch(() => {});
}

/** Where a keeper that ended amid a verification or the making of a branch may have left a server, with nothing to lose. */
function throwAwayFolders(layout: HomeLayout): string[] {
  const children = (folder: string): string[] =>
    existsSync(folder)
      ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
          entry.isDirectory() ? [join(folder, entry.name)] : [],
        )
      : [];
  return [
    ...children(verificationFolder(layout)),
    ...children(drillFolder(layout)).flatMap(children),
    ...readBranchFolders(layout).flatMap(({ folder }) => children(folder)),
  ];
}
