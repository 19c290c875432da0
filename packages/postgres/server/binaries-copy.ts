import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { completePackage } from "./complete-package.ts";
import { runsAsRoot } from "./server-account.ts";

/**
 * Copies the npm package's `native` folder to `<folder>/postgresql-<version>/native` and completes it. The copy
 * appears by a rename when it is whole; of two processes that copy at once the first wins.
 *
 * @returns the copy's `native` folder.
 */
export function copyPackage(native: string, version: string, folder = defaultCopyFolder()): string {
  const copy = join(folder, `postgresql-${version}`);
  if (existsSync(copy)) return join(copy, "native");
  const made = mkdirSync(folder, { recursive: true });
  if (made) openToAll(made);
  const temporary = join(folder, `.postgresql-${version}.${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    cpSync(native, join(temporary, "native"), { recursive: true, verbatimSymlinks: true });
    completePackage(join(temporary, "native"));
    openToAll(temporary);
    renameSync(temporary, copy);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return join(copy, "native");
}

/** Programs are no secret, and the server's account is another than ours. */
function openToAll(folder: string): void {
  const { success, stderr } = Bun.spawnSync(["chmod", "-R", "a+rX", folder]);
  if (!success) throw new Error(`chmod of ${folder} failed: ${stderr}`);
}

const defaultCopyFolder = (): string =>
  runsAsRoot() ? "/var/cache/evenkeel" : join(homedir(), ".cache/evenkeel");
