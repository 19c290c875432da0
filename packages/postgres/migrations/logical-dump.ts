import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadOrCreateKey, syncFolder } from "@evenkeel/disk";
import type { HomeLayout } from "@evenkeel/model";
import { ArchiveKey } from "../archive/archive-key.ts";
import { sealIntoFile } from "../archive/sealed-file.ts";
import { type DatabaseAddress, explainConnection } from "../client/database-address.ts";
import { withSession } from "../client/session.ts";
import { DumpFailedError } from "../errors.ts";

export type DumpOutcome =
  | { taken: true; path: string; sizeBytes: number }
  /** Why there is none, for people. */
  | { taken: false; reason: string };

/** Of dumps of databases that are not ours, which have no archive with a key of its own. */
export const dumpKey = (layout: HomeLayout): ArchiveKey =>
  new ArchiveKey(loadOrCreateKey(join(layout.keys, "databases", "external.dump.key")));

/**
 * Dumps a database that is not ours, in pg_dump's custom format, sealed as archives are: `openSealedFile` gives what `pg_restore` reads. Nothing of it is on
 * disk unsealed, and the file is not there until it is whole.
 *
 * @param path of the file; its folder is made
 * @throws DumpFailedError where pg_dump is there and fails, DatabaseRefusedError
 */
export async function dumpDatabase(
  address: DatabaseAddress,
  path: string,
  key: ArchiveKey,
  signal?: AbortSignal,
): Promise<DumpOutcome> {
  const program = Bun.which("pg_dump");
  if (program === null) return { taken: false, reason: "pg_dump is not installed on this machine" };
  const own = Number(/(\d+)/.exec(Bun.spawnSync([program, "--version"]).stdout.toString())?.[1] ?? 0);
  const server = await serverMajor(address);
  if (own < server) {
    return {
      taken: false,
      reason: `pg_dump on this machine is of version ${own}, and the server of ${server}`,
    };
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.unfinished`;
  // Compressed when it is sealed.
  const child = Bun.spawn([program, "--format=custom", "--compress=0", "--no-password"], {
    cwd: "/",
    env: environment(address),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    ...(signal ? { signal } : {}),
  });
  const file = openSync(unfinished, "w", 0o600);
  try {
    const [complaint, code] = await Promise.all([
      new Response(child.stderr).text(),
      child.exited,
      sealIntoFile(key, file, child.stdout),
    ]);
    signal?.throwIfAborted();
    if (code !== 0) {
      throw new DumpFailedError(`pg_dump failed with code ${code}: ${complaint.trim().slice(0, 1_000)}`, {
        hint: "Nothing was migrated. The dump is taken as the user of the app's DATABASE_URL.",
      });
    }
    fsyncSync(file);
  } catch (error) {
    child.kill();
    rmSync(unfinished, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
  syncFolder(dirname(path));
  return { taken: true, path, sizeBytes: statSync(path).size };
}

async function serverMajor(address: DatabaseAddress): Promise<number> {
  try {
    return await withSession(address, async (client) => {
      const { rows } = await client.query(
        "SELECT current_setting('server_version_num')::int / 10000 AS major",
      );
      return rows[0].major as number;
    });
  } catch (error) {
    throw explainConnection(error, address);
  }
}

/** In its environment, where other users do not see the password. */
function environment({ host, port, user, password, database, ssl }: DatabaseAddress): Record<string, string> {
  return {
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PGCONNECT_TIMEOUT: "30",
    PGSSLMODE: ssl === undefined ? "prefer" : "require",
  };
}
