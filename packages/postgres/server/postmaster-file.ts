import { chownSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `postmaster.pid`: https://www.postgresql.org/docs/18/storage-file-layout.html, lines as in `pg_ctl`. */
export interface PostmasterFile {
  pid: number;
  port: number | undefined;
  socketDir: string | undefined;
  /** `starting`, `stopping`, `ready` or `standby`; absent in the first moments. */
  state: string | undefined;
}

/** Undefined when there is none, or none that can be read yet. */
export function readPostmasterFile(dataDir: string): PostmasterFile | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(dataDir, "postmaster.pid"), "latin1").split("\n");
  } catch {
    return undefined;
  }
  const pid = Math.abs(Number(lines[0]));
  if (!Number.isInteger(pid) || pid === 0) return undefined;
  return {
    pid,
    port: Number(lines[3]) || undefined,
    socketDir: lines[4]?.trim() || undefined,
    state: lines[7]?.trim() || undefined,
  };
}

/**
 * Lets a server start although the pid in its stale lock files exists: another program may have it after a restart of
 * the machine, and a zombie keeps it. The files must stay: the shared memory key in `postmaster.pid` is how PostgreSQL
 * sees that a dead postmaster's children still write. A postmaster takes its parent's pid for stale, so ours goes in.
 */
export function disownLockFiles(dataDir: string, socketDir: string, port: number): void {
  for (const path of [join(dataDir, "postmaster.pid"), join(socketDir, `.s.PGSQL.${port}.lock`)]) {
    if (!existsSync(path)) continue;
    const [, lockedDataDir, ...rest] = readFileSync(path, "latin1").split("\n");
    // Another cluster's socket: PostgreSQL itself says so best.
    if (lockedDataDir !== dataDir) continue;
    const { uid, gid } = statSync(path);
    writeFileSync(`${path}.new`, [process.pid, lockedDataDir, ...rest].join("\n"), { mode: 0o600 });
    chownSync(`${path}.new`, uid, gid);
    renameSync(`${path}.new`, path);
  }
}
