import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Whether a process of this id exists; a zombie counts as ended. */
export function processRuns(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "latin1");
    return status.slice(status.lastIndexOf(")") + 2, status.lastIndexOf(")") + 3) === "Z";
  } catch {
    return false;
  }
}

/**
 * Whether `pid` is a server process of the cluster in `dataDir`. All of a cluster's processes work in its data
 * directory; where `/proc` does not say (macOS), the postmaster's command line, which names it, does.
 */
export function servesCluster(pid: number, dataDir: string): boolean {
  if (!processRuns(pid)) return false;
  if (process.platform === "linux") return workingFolder(pid) === dataDir;
  const { stdout } = Bun.spawnSync(["ps", "-ww", "-o", "command=", "-p", String(pid)]);
  return stdout.toString().includes(dataDir);
}

/**
 * Processes that a killed postmaster left behind. They end by themselves, but one amid a long query only when it
 * next looks, and until then no new postmaster may start.
 */
export function orphansOfCluster(dataDir: string): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && workingFolder(pid) === dataDir && isPostgres(pid) && processRuns(pid));
}

/** Processes that `pid` has started and that run still; none where `/proc` does not say (macOS), where they end by themselves. */
export function childrenOf(pid: number): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((child) => child > 0 && parentOf(child) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "latin1").startsWith("postgres");
  } catch {
    return false;
  }
}
