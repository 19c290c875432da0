import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/** Removes the folder of a group once its processes are gone; the kernel takes a moment to let go of them. */
export async function removeGroupFolder(folder: string): Promise<void> {
  const limitMs = Date.now() + 10_000;
  for (let delayMs = 1; ; delayMs = Math.min(100, delayMs * 2)) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return;
      if (code !== "EBUSY" || Date.now() > limitMs) throw error;
    }
    await Bun.sleep(delayMs);
  }
}

/** Leaves it where groups are left: those of instances that outlive this host. */
export function removeEmptyRoot(root: string): void {
  try {
    rmdirSync(root);
  } catch {
    // Not empty, or gone.
  }
}

export function groupNames(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** Kills all processes of these groups below `root` and removes the groups. */
export async function clearGroupFolders(root: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const folder = join(root, name);
    if (!existsSync(folder)) continue;
    for (const pid of groupProcesses(folder)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Ended by itself.
      }
    }
    await removeGroupFolder(folder);
  }
}

export function groupProcesses(folder: string): number[] {
  return readFileSync(join(folder, "cgroup.procs"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && line !== "0")
    .map(Number);
}

/** The number behind `name` in a file of `name number` lines; 0 where it is not there. */
export function readCounter(path: string, name: string): number {
  const line = readFileSync(path, "utf8")
    .split("\n")
    .find((candidate) => candidate.startsWith(`${name} `));
  return line ? Number(line.slice(name.length + 1)) : 0;
}
