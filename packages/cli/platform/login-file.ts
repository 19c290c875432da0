import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { NotLoggedInError } from "../errors.ts";

/** A platform that the person has logged in to, and the token that they got. */
export interface Login {
  url: string;
  token: string;
}

interface LoginFile {
  /** Which one commands go to. */
  current?: string;
  tokens: Record<string, string>;
}

/** `~/.config/evenkeel/login.json` (0600), by the XDG base directories. */
const path = (): string =>
  join(process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "evenkeel", "login.json");

/**
 * Where commands go: to the platform of `EVENKEEL_URL`; else, if `EVENKEEL_HOME` is set, to that data directory's, as its administrator; else to where the
 * person has logged in last; else to this machine's.
 *
 * @returns undefined: this machine's own @throws NotLoggedInError
 */
export function currentLogin(): Login | undefined {
  const named = process.env["EVENKEEL_URL"];
  if (named) {
    const url = new URL(named).origin;
    const token = read().tokens[url];
    if (token === undefined) throw new NotLoggedInError(url);
    return { url, token };
  }
  if (process.env["EVENKEEL_HOME"]) return undefined;
  const { current, tokens } = read();
  const token = current === undefined ? undefined : tokens[current];
  return token === undefined ? undefined : { url: current!, token };
}

export function keepLogin({ url, token }: Login): void {
  const { tokens } = read();
  write({ current: url, tokens: { ...tokens, [url]: token } });
}

export function forgetLogin(url: string): void {
  const { current, tokens } = read();
  const { [url]: _, ...others } = tokens;
  if (Object.keys(others).length === 0) rmSync(path(), { force: true });
  else write({ ...(current !== undefined && current !== url && { current }), tokens: others });
}

function read(): LoginFile {
  try {
    return JSON.parse(readFileSync(path(), "utf8")) as LoginFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { tokens: {} };
    throw error;
  }
}

function write(file: LoginFile): void {
  mkdirSync(dirname(path()), { recursive: true, mode: 0o700 });
  writeFileDurably(path(), `${JSON.stringify(file, null, 2)}\n`, 0o600);
}
