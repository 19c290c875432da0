import { realpathSync } from "node:fs";
import { readPostmasterFile } from "./postmaster-file.ts";
import { orphansOfCluster, servesCluster } from "./process-table.ts";

/** Ends the server in a folder that is about to be removed, if one runs there: it has nothing to lose any more. */
export async function killServer(folder: string): Promise<void> {
  const dataDir = realpathSync(folder);
  const server = readPostmasterFile(dataDir)?.pid;
  if (!server || !servesCluster(server, dataDir)) return;
  process.kill(server, "SIGKILL");
  while (servesCluster(server, dataDir)) await Bun.sleep(5);
  await killOrphans(dataDir);
}

/**
 * Ends the children of a postmaster that was killed. They only wait to notice its death; what they did is in the WAL, or was
 * never acknowledged.
 */
export async function killOrphans(dataDir: string): Promise<void> {
  for (let orphans = orphansOfCluster(dataDir); orphans.length > 0; orphans = orphansOfCluster(dataDir)) {
    for (const pid of orphans) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    await Bun.sleep(5);
  }
}
