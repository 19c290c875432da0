import { mkdirSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { AppName, HomeLayout } from "@evenkeel/model";
import { BuildCancelledError, ToolchainInstallError } from "../errors.ts";
import { folderBytes } from "../room/folder-bytes.ts";
import { fillHome } from "../room/home-folder.ts";
import { readRegistryConfig } from "../room/registry-config.ts";
import { type RoomLimits, roomLimits } from "../room/room-limits.ts";
import { type PlaceOf, type RoomLogLine, type RoomOutcome, runInRoom } from "../room/run-in-room.ts";
import type { ProvisionedTool } from "../toolchain/tool-folder.ts";
import { type BuildFolder, buildCachePath } from "./build-folder.ts";
import { explainFailure } from "./explain-failure.ts";

/** As at Vercel, so that what a build writes of its own place is the same everywhere and every time. */
export const sourcePlace = "/vercel/path0";
const homePlace = "/home/build";
const cachePlace = "/home/build/.cache";

const systemPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** A cache that has grown beyond this begins anew; a day's packages are a tenth of it. */
const largestCacheBytes = 2 * 1024 ** 3;

const rememberedLines = 200;

export interface BuildRoomUse {
  folder: BuildFolder;
  /** From `provisionToolchain(layout, plan.tools)`. */
  tools: ProvisionedTool[];
  /** Names the caches that builds of one app share. */
  app: AppName;
  target: "production" | "preview";
  /** The app's variables and the caller's `VERCEL_*`, `CI`, ...; beside them a build has PATH, HOME and settings of its tools only. */
  environment: Record<string, string>;
  /** Of `environment`: what never appears in the log. */
  secrets: Record<string, string>;
  limits?: Partial<RoomLimits>;
  onLog: (line: RoomLogLine) => void;
  /** Names that it resolves to these addresses. */
  hosts?: Record<string, string>;
  signal?: AbortSignal;
}

export interface BuildRoomCommand extends BuildRoomUse {
  /** For messages: `build`. */
  what: string;
  /** Puts more into its new HOME. */
  furnish?: (home: string) => void;
  argv: (at: PlaceOf, home: string) => string[];
  /** Where it sees the source; default Vercel's place. */
  place?: string;
  /** Within the source; default its root. */
  workingFolder?: string;
  /** The commands of the app's own packages come first, as in `npm run`. */
  packageCommands?: boolean;
}

/**
 * Runs a command on `folder.source` with an app's tools and variables, in a room of its own.
 *
 * @throws what `explainFailure` says of a command that did not end well; RoomFailedError (`build_room_failed`)
 */
export async function runInBuildRoom(layout: HomeLayout, options: BuildRoomCommand): Promise<RoomOutcome> {
  if (options.signal?.aborted) throw new BuildCancelledError(`The ${options.what} was cancelled`);
  const { folder, tools, environment } = options;
  const limits = roomLimits(options.limits);
  const registry = await readRegistryConfig();
  const home = join(folder.path, "home");
  const temporary = join(folder.path, "tmp");
  const cache = buildCachePath(layout, options.app, options.target);
  if ((await folderBytes(cache)) > largestCacheBytes) await rm(cache, { recursive: true, force: true });
  for (const path of [home, temporary]) rmSync(path, { recursive: true, force: true });
  for (const path of [home, temporary, cache]) mkdirSync(path, { recursive: true });
  options.furnish?.(home);
  const project = join(folder.source, options.workingFolder ?? "");
  const ofPackages = options.packageCommands
    ? [project, folder.source].map((path) => join(path, "node_modules/.bin"))
    : [];
  const lastLines: string[] = [];
  const outcome = await runInRoom({
    name: folder.id,
    folder: folder.path,
    writable: [
      { source: folder.source, target: options.place ?? sourcePlace },
      { source: home, target: homePlace },
      { source: cache, target: cachePlace },
      { source: temporary, target: "/tmp" },
    ],
    readOnly: tools.map((tool) => ({ source: tool.folder, target: `/evenkeel/${tool.tool}` })),
    command: (at) => ({
      argv: options.argv(at, at(home)),
      cwd: at(project),
      home: at(home),
      environment: {
        LANG: "C.UTF-8",
        SHELL: "/bin/sh",
        USER: "build",
        LOGNAME: "build",
        VERCEL_TELEMETRY_DISABLED: "1",
        NEXT_TELEMETRY_DISABLED: "1",
        ASTRO_TELEMETRY_DISABLED: "1",
        NO_UPDATE_NOTIFIER: "1",
        ...fillHome(home, at(home), at(cache), registry),
        ...environment,
        PATH: [...ofPackages.map(at), ...commandFolders(tools, at), ...systemPath].join(":"),
        HOME: at(home),
        TMPDIR: at(temporary),
      },
    }),
    limits,
    secrets: options.secrets,
    onLog: (line) => {
      lastLines.push(line.text);
      if (lastLines.length > rememberedLines) lastLines.shift();
      options.onLog(line);
    },
    hosts: options.hosts,
    signal: options.signal,
  });
  const failure = explainFailure(outcome, limits, lastLines, options.what);
  if (failure) throw failure;
  return outcome;
}

export function toolOf(tools: ProvisionedTool[], name: ProvisionedTool["tool"]): ProvisionedTool {
  const found = tools.find((one) => one.tool === name);
  if (found) return found;
  throw new ToolchainInstallError(`The build cannot start: ${name} is not among its tools`, {
    hint: "Provision `plan.tools` first.",
  });
}

function commandFolders(tools: ProvisionedTool[], at: PlaceOf): string[] {
  const order = ["node", "pnpm", "yarn", "bun", "npm"];
  return tools
    .filter(({ tool: name }) => order.includes(name))
    .sort((one, other) => order.indexOf(one.tool) - order.indexOf(other.tool))
    .map(({ binFolder }) => at(binFolder));
}
