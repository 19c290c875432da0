import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { AppName, HomeLayout } from "@evenkeel/model";
import type { BuildPlan } from "../detect/build-plan.ts";
import { BuildCancelledError, BuildWithoutOutputError, ToolchainInstallError } from "../errors.ts";
import type { BuiltFolder } from "../import/import-output.ts";
import { folderBytes } from "../room/folder-bytes.ts";
import { fillHome } from "../room/home-folder.ts";
import { readRegistryConfig } from "../room/registry-config.ts";
import { type RoomLimits, roomLimits } from "../room/room-limits.ts";
import { type PlaceOf, type RoomCommand, type RoomLogLine, runInRoom } from "../room/run-in-room.ts";
import type { ProvisionedTool } from "../toolchain/tool-folder.ts";
import { type BuildFolder, buildCachePath } from "./build-folder.ts";
import { explainFailure } from "./explain-failure.ts";

/** As at Vercel, so that what a build writes of its own place is the same everywhere and every time. */
export const sourcePlace = "/vercel/path0";
const homePlace = "/home/build";
const cachePlace = "/home/build/.cache";

const systemPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/** An account in the CLI's eyes: without a user id it asks Vercel for one, and tries that for six seconds. Nothing is ever sent. */
const accountFolder = ".vercel-account";
const account = { token: "offline", userId: "user_evenkeel" };

/** Said by the CLI wherever it does not run on Vercel's own machines; the system variables are there. */
const untrueLine = /^WARNING! Build not running on Vercel\./;

/** A cache that has grown beyond this begins anew; a day's packages are a tenth of it. */
const largestCacheBytes = 2 * 1024 ** 3;

const rememberedLines = 200;

export type BuildLogLine = RoomLogLine;

export interface RunBuildOptions {
  folder: BuildFolder;
  plan: BuildPlan;
  /** From `provisionToolchain(layout, plan.tools)`. */
  tools: ProvisionedTool[];
  /** Names the caches that builds of one app share. */
  app: AppName;
  target: "production" | "preview";
  /** The app's variables and the caller's `VERCEL_*`, `CI`, ...; beside them a build has PATH, HOME and settings of its tools only. */
  environment: Record<string, string>;
  /** Values that never appear in the log. Default: those of `environment` whose names do not begin with `VERCEL`. */
  secrets?: string[];
  limits?: Partial<RoomLimits>;
  onLog: (line: BuildLogLine) => void;
  signal?: AbortSignal;
}

/**
 * Runs `vercel build` on `folder.source` in a room of its own. May be repeated after a crash.
 *
 * @returns where the output stands, for `importOutput`
 * @throws BuildFailedError (`build_failed`), BuildTimedOutError (`build_timed_out`), BuildOutOfMemoryError (`build_out_of_memory`),
 *   BuildDiskFullError (`build_disk_full`), BuildCancelledError (`build_cancelled`), BuildWithoutOutputError (`build_without_output`),
 *   FrameworkVersionMissingError (`framework_version_missing`), RoomFailedError (`build_room_failed`)
 */
export async function runBuild(layout: HomeLayout, options: RunBuildOptions): Promise<BuiltFolder> {
  if (options.signal?.aborted) throw new BuildCancelledError("The build was cancelled");
  const { folder } = options;
  const limits = roomLimits(options.limits);
  const registry = await readRegistryConfig();
  const home = join(folder.path, "home");
  const temporary = join(folder.path, "tmp");
  const cache = buildCachePath(layout, options.app, options.target);
  if ((await folderBytes(cache)) > largestCacheBytes) await rm(cache, { recursive: true, force: true });
  for (const path of [home, temporary]) rmSync(path, { recursive: true, force: true });
  for (const path of [home, temporary, cache]) mkdirSync(path, { recursive: true });
  mkdirSync(join(home, accountFolder));
  writeFileSync(join(home, accountFolder, "auth.json"), JSON.stringify(account));
  writeProjectFile(folder.source, options.plan);

  for (const text of [describePlan(options), ...options.plan.warnings]) {
    options.onLog({ atMs: Date.now(), stream: "platform", text });
  }
  const lastLines: string[] = [];
  const outcome = await runInRoom({
    name: folder.id,
    folder: folder.path,
    writable: [
      { source: folder.source, target: sourcePlace },
      { source: home, target: homePlace },
      { source: cache, target: cachePlace },
      { source: temporary, target: "/tmp" },
    ],
    readOnly: options.tools.map((tool) => ({ source: tool.folder, target: `/evenkeel/${tool.tool}` })),
    command: (at) =>
      command(options, at, fillHome(home, at(home), at(cache), registry), at(home), at(temporary)),
    limits,
    secrets: options.secrets ?? ownValues(options.environment),
    onLog: (line) => {
      if (untrueLine.test(line.text)) return;
      lastLines.push(line.text);
      if (lastLines.length > rememberedLines) lastLines.shift();
      options.onLog(line);
    },
    signal: options.signal,
  });
  const failure = explainFailure(outcome, limits, lastLines);
  if (failure) throw failure;

  const output = join(folder.source, ".vercel/output");
  if (!existsSync(join(output, "config.json"))) {
    throw new BuildWithoutOutputError("The build ended well but left no .vercel/output/config.json", {
      hint: "Check the build command and the output directory in vercel.json or the app's settings.",
    });
  }
  return {
    output,
    project: folder.source,
    boundary: folder.source,
    seenAs: outcome.isolated ? sourcePlace : folder.source,
    settled: outcome.settled,
  };
}

/** `Building Next.js with Node 24.21.0 (engines) and pnpm 10.34.9 (pnpm-lock.yaml)` */
function describePlan({ plan, tools }: RunBuildOptions): string {
  const version = (name: string) => tools.find(({ tool }) => tool === name)?.version ?? "?";
  const manager = plan.packageManager;
  const node = `Node ${version("node")} (${plan.node.source})`;
  const packages = manager ? ` and ${manager.name} ${version(manager.name)} (${manager.source})` : "";
  return `Building ${plan.framework?.name ?? "without a framework"} with ${node}${packages}`;
}

function command(
  { folder, tools, target, environment }: RunBuildOptions,
  at: PlaceOf,
  homeEnvironment: Record<string, string>,
  home: string,
  temporary: string,
): RoomCommand {
  const tool = (name: ProvisionedTool["tool"]) => {
    const found = tools.find((one) => one.tool === name);
    if (found) return found;
    throw new ToolchainInstallError(`The build cannot start: ${name} is not among its tools`, {
      hint: "Provision `plan.tools` first.",
    });
  };
  const node = join(at(tool("node").binFolder), "node");
  const vercel = join(at(tool("vercel").folder), "node_modules/vercel/dist/vc.js");
  const order = ["node", "pnpm", "yarn", "bun", "npm"];
  const commands = tools
    .filter(({ tool: name }) => order.includes(name))
    .sort((one, other) => order.indexOf(one.tool) - order.indexOf(other.tool))
    .map(({ binFolder }) => at(binFolder));
  return {
    argv: [
      node,
      vercel,
      "build",
      "--yes",
      `--global-config=${home}/${accountFolder}`,
      ...(target === "production" ? ["--prod"] : ["--target=preview"]),
    ],
    cwd: at(folder.source),
    home,
    environment: {
      LANG: "C.UTF-8",
      SHELL: "/bin/sh",
      USER: "build",
      LOGNAME: "build",
      VERCEL_TELEMETRY_DISABLED: "1",
      NEXT_TELEMETRY_DISABLED: "1",
      ASTRO_TELEMETRY_DISABLED: "1",
      NO_UPDATE_NOTIFIER: "1",
      ...homeEnvironment,
      ...environment,
      PATH: [...commands, ...systemPath].join(":"),
      HOME: home,
      TMPDIR: temporary,
    },
  };
}

/** Vercel's link of a folder to a project, which makes `vercel build` work without an account. */
function writeProjectFile(source: string, { settings }: BuildPlan): void {
  const folder = join(source, ".vercel");
  // Also takes away an output that came with the source, and a link that would lead elsewhere.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const project = { projectId: "prj_evenkeel", orgId: "team_evenkeel", settings };
  writeFileSync(join(folder, "project.json"), `${JSON.stringify(project, null, 2)}\n`);
}

function ownValues(environment: Record<string, string>): string[] {
  return Object.entries(environment)
    .filter(([name]) => !name.startsWith("VERCEL"))
    .map(([, value]) => value);
}
