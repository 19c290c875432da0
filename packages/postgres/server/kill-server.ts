import { realpathSync } from "node:fs";
import { readPostmasterFile } from "./postmaster-file.ts";
import { childrenOf, orphansOfCluster, processRuns, servesCluster } from "./process-table.ts";

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

/** Ends a postmaster and all that it has started, wherever its data directory has gone: none of them commits anything any more. */
export async function killPostmaster(pid: number): Promise<void> {
  // It first, or it would start others.
  const children = childrenOf(pid);
  for (const each of [pid, ...children]) {
    try {
      process.kill(each, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
  while ([pid, ...children].some(processRuns)) await Bun.sleep(5);
}
