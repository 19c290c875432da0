import { existsSync, realpathSync } from "node:fs";
import type { HomeLayout } from "@evenkeel/model";
import { readPostmasterFile } from "../server/postmaster-file.ts";
import { servesCluster } from "../server/process-table.ts";
import { RunningCluster } from "../server/running-cluster.ts";
import { databasePlace } from "./database-place.ts";
import { readRecords } from "./database-record.ts";

/** Stops the servers of all apps' databases, whether or not a keeper was there; it must have ended before. */
export async function stopDatabases(layout: HomeLayout): Promise<void> {
  const servers = readRecords(layout).flatMap((record) => {
    const place = databasePlace(layout, record);
    if (!existsSync(place.dataDir)) return [];
    const dataDir = realpathSync(place.dataDir);
    const pid = readPostmasterFile(dataDir)?.pid;
    if (pid === undefined || !servesCluster(pid, dataDir)) return [];
    return [
      new RunningCluster({
        ...{ dataDir, socketDir: place.socketDir, port: record.port, superuser: "postgres", pid },
      }),
    ];
  });
  await Promise.all(servers.map((server) => server.stop("fast")));
}
