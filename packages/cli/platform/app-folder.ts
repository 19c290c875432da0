import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { GitInfo } from "@evenkeel/control";
import { type AppName, InvalidValueError, parseAppName } from "@evenkeel/model";
import { callerPath } from "./home.ts";

/** The folder a command names, `.` by default. */
export function appFolder(named: string | undefined): string {
  const folder = callerPath(named ?? ".");
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new InvalidValueError(`${folder} is no folder`, { hint: "Name the folder that holds the app." });
  }
  return folder;
}

/** The app a command means: `--app`, else the name in `package.json`, else the folder's. */
export function appNameFor(folder: string, named: string | undefined): AppName {
  if (named !== undefined) return parseAppName(named);
  const found = packageName(folder) ?? basename(folder);
  const slug = found
    .toLowerCase()
    .replace(/^@[^/]+\//, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  try {
    return parseAppName(slug);
  } catch (cause) {
    throw new InvalidValueError(`No app name can be made of "${found}"`, {
      hint: "Give one: --app shop",
      cause,
    });
  }
}

function packageName(folder: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    // No package.json, or one that the build will complain about with more to say.
    return undefined;
  }
}

/** What git knows of the folder; `undefined` outside a repository or without git. */
export function readGitInfo(folder: string): GitInfo | undefined {
  const git = (...words: string[]): string | undefined => {
    try {
      const result = Bun.spawnSync(["git", "-C", folder, ...words], { stdin: "ignore", stderr: "ignore" });
      return result.exitCode === 0 ? result.stdout.toString().trim() : undefined;
    } catch {
      return undefined;
    }
  };
  const sha = git("rev-parse", "HEAD");
  if (sha === undefined) return undefined;
  const info: GitInfo = { sha, dirty: git("status", "--porcelain", "--", ".") !== "" };
  const ref = git("symbolic-ref", "--short", "HEAD");
  if (ref) info.ref = ref;
  const message = git("log", "-1", "--format=%B");
  if (message) info.message = message.slice(0, 10_000);
  const authorName = git("log", "-1", "--format=%an");
  if (authorName) info.authorName = authorName.slice(0, 500);
  return info;
}
