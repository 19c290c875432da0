import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism, homedir, tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { type HomeLayout, homeLayout, InvalidValueError, type PlatformConfig } from "@evenkeel/model";

/** A unix socket's path holds 104 bytes on macOS; instances' sockets need up to 40 of them. */
const longestRunPath = 60;

/** The folder the person stands in; the launcher changes the process's own. */
export const callerFolder = (): string => process.env["EVENKEEL_CWD"] ?? process.cwd();

export const callerPath = (path: string): string => (isAbsolute(path) ? path : resolve(callerFolder(), path));

/** The data directory: `EVENKEEL_HOME`, default `~/.evenkeel`. Nothing is made. */
export function findHome(): HomeLayout {
  const named = process.env["EVENKEEL_HOME"];
  const home = named ? callerPath(named) : join(homedir(), ".evenkeel");
  return homeLayout(home, runFolder(home));
}

function runFolder(home: string): string {
  const usual = `${home}/run`;
  if (Buffer.byteLength(usual) <= longestRunPath) return usual;
  const hash = createHash("sha256").update(home).digest("hex").slice(0, 12);
  return `${tmpdir()}/evenkeel-${process.getuid?.() ?? 0}-${hash}`;
}

/**
 * Makes the folders that must exist before any process starts. The data directory is entered by others only where a part of it is
 * meant for them (0711: toolchain and artifacts for builds and instances); what is secret has its own 0700.
 */
export function makeHome(layout: HomeLayout): void {
  mkdirSync(layout.home, { recursive: true, mode: 0o711 });
  for (const secret of [layout.keys, layout.run, layout.logs, layout.serving]) {
    mkdirSync(secret, { recursive: true, mode: 0o700 });
    const owner = statSync(secret);
    // A run folder in the temporary directory could have been made by somebody else, waiting for us.
    if (owner.uid !== (process.getuid?.() ?? owner.uid) || (owner.mode & 0o077) !== 0) {
      throw new InvalidValueError(`Folder ${secret} can be entered by others`, {
        hint: `It must belong to you alone: chmod 700 ${secret}, or choose another EVENKEEL_HOME.`,
      });
    }
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
