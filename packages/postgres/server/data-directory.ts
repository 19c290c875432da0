import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import { DataDirectoryInvalidError, InitialiseClusterError } from "../errors.ts";
import { processRuns } from "./process-table.ts";
import { initialisingAccount, requireReachable, type ServerAccount } from "./server-account.ts";
import { majorVersion, type ServerBinaries } from "./server-binaries.ts";

/** Between a data directory's name and the time at which a restored one took its place. */
export const replacedMark = ".replaced-";

export interface DataDirectoryRequest {
  dataDir: string;
  binaries: ServerBinaries;
  account: ServerAccount | undefined;
  superuser: string;
  /** Default true. False saves a second and is for throw-away clusters. */
  sync?: boolean;
}

/**
 * Makes sure that `dataDir` holds a cluster of our major version, initialising it when it is empty or missing.
 * `initdb` works in a folder beside it that gets the name when it is complete and on disk, so a crash leaves
 * a whole cluster or none; what crashed attempts left is removed by the next.
 *
 * Page checksums are on. Text sorts and folds by PostgreSQL's own `C.UTF-8`: it is the same in every build of the server,
 * while an index sorted by one glibc or ICU is silently wrong under another.
 *
 * @throws DataDirectoryInvalidError when it holds anything else. @throws InitialiseClusterError
 */
export async function ensureDataDirectory(request: DataDirectoryRequest): Promise<void> {
  const { dataDir } = request;
  const parent = dirname(dataDir);
  mkdirSync(parent, { recursive: true });
  requireReachable(dataDir, request.account);
  removeAbandoned(dataDir);
  if (holdsCluster(dataDir)) return;
  const temporary = join(
    parent,
    `${basename(dataDir)}.initdb-${process.pid}-${randomBytes(4).toString("hex")}`,
  );
  try {
    await initialise(request, temporary);
    renameSync(temporary, dataDir);
    syncFolder(parent);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Somebody else was faster: the rename found a cluster in its way.
    if (existsSync(join(dataDir, "PG_VERSION"))) return;
    throw error;
  }
}

function holdsCluster(dataDir: string): boolean {
  if (!existsSync(dataDir)) {
    refuseReplaced(dataDir);
    return false;
  }
  const entries = readdirSync(dataDir);
  if (entries.length === 0) return false;
  if (!entries.includes("PG_VERSION")) {
    throw new DataDirectoryInvalidError(`${dataDir} is not empty and holds no PostgreSQL cluster`, {
      hint: "Move its content away, or name another folder.",
    });
  }
  const major = readFileSync(join(dataDir, "PG_VERSION"), "utf8").trim();
  if (major !== String(majorVersion)) {
    throw new DataDirectoryInvalidError(
      `${dataDir} holds a cluster of PostgreSQL ${major}; this platform runs ${majorVersion}`,
      { hint: "Dump it with its own version and load the dump into a new cluster." },
    );
  }
  return true;
}

/** Where a file system cannot exchange two folders, a crash amid a restore's last step leaves none in the place. */
function refuseReplaced(dataDir: string): void {
  const replaced = readdirSync(dirname(dataDir)).findLast((name) =>
    name.startsWith(`${basename(dataDir)}${replacedMark}`),
  );
  if (!replaced) return;
  throw new DataDirectoryInvalidError(
    `${dataDir} is missing, and ${replaced} beside it was replaced by a restore`,
    {
      hint: `The restore was interrupted: rename ${replaced} back, or the restored folder to ${basename(dataDir)}.`,
    },
  );
}

async function initialise(request: DataDirectoryRequest, folder: string): Promise<void> {
  const builder = initialisingAccount(request.account);
  mkdirSync(folder, { mode: 0o700 });
  if (builder) chownSync(folder, builder.uid, builder.gid);
  const child = Bun.spawn(
    [
      request.binaries.initdb,
      `--pgdata=${folder}`,
      `--username=${request.superuser}`,
      "--auth-local=peer",
      "--auth-host=reject",
      "--data-checksums",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      ...(request.sync === false ? ["--no-sync"] : []),
    ],
    { cwd: "/", env: serverEnvironment(), stdin: "ignore", stdout: "ignore", stderr: "pipe", ...builder },
  );
  const messages = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) {
    throw new InitialiseClusterError(
      `Initialising a cluster in ${request.dataDir} failed: ${lastLine(messages)}`,
      {
        hint: "The message is initdb's; a full disk and a uid without an entry in /etc/passwd are the usual causes.",
      },
    );
  }
  if (request.account && builder && request.account.uid !== builder.uid) handOver(folder, request.account);
}

/** Gives a tree to the account that the server will run as. */
export function handOver(folder: string, account: ServerAccount): void {
  const { success, stderr } = Bun.spawnSync(["chown", "-R", `${account.uid}:${account.gid}`, folder]);
  if (!success)
    throw new InitialiseClusterError(
      `Giving ${folder} to uid ${account.uid} failed: ${lastLine(String(stderr))}`,
    );
}

/** Nothing of the platform's own environment reaches a server: no secrets, no locale, no PG* variables. */
export const serverEnvironment = (): Record<string, string> => ({
  PATH: "/usr/bin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
});

function removeAbandoned(dataDir: string): void {
  const prefix = `${basename(dataDir)}.initdb-`;
  for (const name of readdirSync(dirname(dataDir))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length).split("-")[0]);
    if (!processRuns(pid)) rmSync(join(dirname(dataDir), name), { recursive: true, force: true });
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
