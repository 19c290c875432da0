import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { FolderUnreachableError, ServerAccountError } from "../errors.ts";

/** The operating system's account that a server runs as. */
export interface ServerAccount {
  uid: number;
  gid: number;
}

export const runsAsRoot = (): boolean => process.getuid?.() === 0;

/**
 * The account for servers whose caller names none. PostgreSQL refuses to run as root, so as root it is the
 * system's `postgres` (`_postgres` on macOS), else `nobody`; otherwise `undefined`: servers run as we do.
 *
 * @throws ServerAccountError as root on a machine with neither.
 */
export function defaultServerAccount(): ServerAccount | undefined {
  return runsAsRoot() ? namedAccount() : undefined;
}

/**
 * `initdb` refuses uids without a passwd entry; `postgres` itself takes any. So `initdb` runs as the wanted
 * account if it has a name, else as a named stand-in, and the files are handed over afterwards.
 */
export function initialisingAccount(wanted: ServerAccount | undefined): ServerAccount | undefined {
  if (!runsAsRoot() || wanted === undefined) return undefined;
  return passwdEntries().some((entry) => entry.uid === wanted.uid) ? wanted : namedAccount();
}

function namedAccount(): ServerAccount {
  const entries = passwdEntries();
  for (const name of ["postgres", "_postgres", "nobody"]) {
    const entry = entries.find((candidate) => candidate.name === name && candidate.uid !== 0);
    if (entry) return { uid: entry.uid, gid: entry.gid };
  }
  throw new ServerAccountError(
    "PostgreSQL cannot run as root, and there is no account `postgres` or `nobody`",
    {
      hint: "Create one: useradd --system --no-create-home --shell /usr/sbin/nologin postgres",
    },
  );
}

function passwdEntries(): { name: string; uid: number; gid: number }[] {
  return (
    readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .filter((line) => line.includes(":") && !line.startsWith("#"))
      .map((line) => line.split(":"))
      // macOS writes -2 for nobody; the kernel's uid_t is unsigned.
      .map(([name, , uid, gid]) => ({ name: name!, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }))
  );
}

/** Whether `account` may enter every folder above `path`; judged by mode bits, as for an account without groups. */
export function canReach(path: string, account: ServerAccount | undefined): boolean {
  return firstClosedFolder(path, account) === undefined;
}

/** @throws FolderUnreachableError naming the first folder that `account` may not enter. */
export function requireReachable(path: string, account: ServerAccount | undefined): void {
  const closed = firstClosedFolder(path, account);
  if (closed === undefined) return;
  throw new FolderUnreachableError(
    `PostgreSQL's account (uid ${account!.uid}) may not enter ${closed}, which leads to ${path}`,
    {
      hint: `Set EVENKEEL_HOME to a folder outside it, for example /var/lib/evenkeel, or run: chmod o+x ${closed}`,
    },
  );
}

function firstClosedFolder(path: string, account: ServerAccount | undefined): string | undefined {
  if (account === undefined || !runsAsRoot()) return undefined;
  const above: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    above.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  return above.find((folder) => {
    const status = statSync(folder, { throwIfNoEntry: false });
    if (!status) return false;
    const shift = status.uid === account.uid ? 6 : status.gid === account.gid ? 3 : 0;
    return ((status.mode >> shift) & 1) === 0;
  });
}
