import { open } from "node:fs/promises";
import { StoreFullError } from "../errors.ts";

/**
 * Up to this many paths are synced one by one. Beyond, one syncfs is cheaper although it also writes what others have dirty: 1,000 files
 * of 8 KB took 240 ms one by one and 30 to 60 ms by syncfs on ext4.
 */
const oneByOneLimit = 48;

/** Returns when the contents of these files and folders, all on the file system of `folder`, would survive a loss of power. */
export async function makeDurable(folder: string, paths: string[]): Promise<void> {
  if (paths.length > oneByOneLimit) return makeFolderDurable(folder);
  await Promise.all(paths.map(syncPath));
}

/** The same for everything below `folder`, by syncfs(2) where there is one, else by sync(2). */
export async function makeFolderDurable(folder: string): Promise<void> {
  const args = process.platform === "linux" ? ["-f", folder] : [];
  const child = Bun.spawn(["sync", ...args], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const [exitCode, errors] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  if (exitCode !== 0) throw new Error(`sync ${folder} ended with ${exitCode}: ${errors.trim()}`);
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives a full disk its name; every other error passes. */
export function storeError(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new StoreFullError("The build output could not be stored: the disk of the artifact store is full", {
    hint: "Free disk space or remove old deployments, then deploy again.",
    cause: error,
  });
}
