import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism, homedir, tmpdir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { type HomeLayout, homeLayout, InvalidValueError, type PlatformConfig } from "@evenkeel/model";

/** A unix socket's path holds 104 bytes on macOS; instances' sockets need up to 40 of them. */
const longestRunPath = 60;

/** The folder the person stands in; the launcher changes the process's own. */
export const callerFolder = (): string => process.env["EVENKEEL_CWD"] ?? process.cwd();

export const callerPath = (path: string): string => (isAbsolute(path) ? path : resolve(callerFolder(), path));

/**
 * The data directory: `EVENKEEL_HOME`, default `~/.evenkeel`, for root `/var/lib/evenkeel`: root's own home is closed to the accounts
 * that PostgreSQL and builds run under. Nothing is made.
 */
export function findHome(): HomeLayout {
  const named = process.env["EVENKEEL_HOME"];
  const usual = process.getuid?.() === 0 ? "/var/lib/evenkeel" : join(homedir(), ".evenkeel");
  const home = named ? callerPath(named) : usual;
  return homeLayout(home, runFolder(home));
}

function runFolder(home: string): string {
  const usual = `${home}/run`;
  if (Buffer.byteLength(usual) <= longestRunPath) return usual;
  const hash = createHash("sha256").update(home).digest("hex").slice(0, 12);
  return `${tmpdir()}/evenkeel-${process.getuid?.() ?? 0}-${hash}`;
}

/**
 * Makes the folders that must exist before any process starts. What is secret is 0700; the data directory, `run` and `postgres` can be
 * passed through (0711) by the accounts of PostgreSQL and of builds, and every socket in `run` is closed by its own mode.
 */
export function makeHome(layout: HomeLayout): void {
  for (const folder of [layout.home, layout.run, layout.postgres]) {
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    requireOwn(folder);
    chmodSync(folder, 0o711);
  }
  for (const folder of [layout.keys, layout.logs, layout.serving]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  }
  requirePassable(layout.home);
}

/** A run folder in the temporary directory could have been made by somebody else, waiting for us. */
function requireOwn(folder: string): void {
  const owner = statSync(folder).uid;
  if (owner === (process.getuid?.() ?? owner)) return;
  throw new InvalidValueError(`Folder ${folder} belongs to another user (uid ${owner})`, {
    hint: "Choose another data directory by EVENKEEL_HOME.",
  });
}

/** Only root hands parts of the data directory to other accounts, and those must be able to reach them. */
function requirePassable(home: string): void {
  if (process.getuid?.() !== 0) return;
  for (let folder = dirname(home); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) {
      throw new InvalidValueError(
        `Folder ${folder} above the data directory is closed to the accounts that run databases and builds`,
        {
          hint: `Open it for passing through (chmod o+x ${folder}), or choose another EVENKEEL_HOME.`,
        },
      );
    }
    if (folder === dirname(folder)) return;
  }
}

export const defaultConfig = (): PlatformConfig => ({
  domain: "localhost",
  port: 7080,
  address: "127.0.0.1",
  edges: Math.min(8, availableParallelism()),
});

/** `config.json`, defaults where it is silent. */
export function readConfig(layout: HomeLayout): PlatformConfig {
  let text: string;
  try {
    text = readFileSync(layout.config, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return defaultConfig();
    throw error;
  }
  try {
    return { ...defaultConfig(), ...JSON.parse(text) };
  } catch (cause) {
    throw new InvalidValueError(`${layout.config} is not JSON`, {
      hint: "Mend it, or remove it: `evenkeel up` writes it again.",
      cause,
    });
  }
}

export function writeConfig(layout: HomeLayout, config: PlatformConfig): void {
  writeFileDurably(layout.config, `${JSON.stringify(config, null, 2)}\n`);
}
