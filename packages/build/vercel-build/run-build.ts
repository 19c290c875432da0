import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HomeLayout } from "@evenkeel/model";
import type { BuildPlan } from "../detect/build-plan.ts";
import { BuildWithoutOutputError } from "../errors.ts";
import type { BuiltFolder } from "../import/import-output.ts";
import type { PlaceOf, RoomLogLine } from "../room/run-in-room.ts";
import { type BuildRoomUse, runInBuildRoom, sourcePlace, toolOf } from "./build-room.ts";
import { takeSchedules } from "./take-schedules.ts";

/** An account in the CLI's eyes: without a user id it asks Vercel for one, and tries that for six seconds. Nothing is ever sent. */
const accountFolder = ".vercel-account";
const account = { token: "offline", userId: "user_evenkeel" };

/** Said by the CLI wherever it does not run on Vercel's own machines; the system variables are there. */
const untrueLine = /^WARNING! Build not running on Vercel\./;

export type BuildLogLine = RoomLogLine;

export interface RunBuildOptions extends BuildRoomUse {
  plan: BuildPlan;
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
  const { folder } = options;
  writeProjectFile(folder.source, options.plan);
  const schedules = takeSchedules(folder, options.plan.settings.rootDirectory ?? undefined);
  for (const text of [describePlan(options), ...options.plan.warnings]) {
    options.onLog({ atMs: Date.now(), stream: "platform", text });
  }
  const outcome = await runInBuildRoom(layout, {
    ...options,
    what: "build",
    furnish(home) {
      mkdirSync(join(home, accountFolder));
      writeFileSync(join(home, accountFolder, "auth.json"), JSON.stringify(account));
    },
    argv: (at, home) => vercelCommand(options, at, home),
    onLog: (line) => {
      if (!untrueLine.test(line.text)) options.onLog(line);
    },
  });
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
    ...(schedules.length > 0 && { schedules }),
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

function vercelCommand({ tools, target }: RunBuildOptions, at: PlaceOf, home: string): string[] {
  return [
    join(at(toolOf(tools, "node").binFolder), "node"),
    join(at(toolOf(tools, "vercel").folder), "node_modules/vercel/dist/vc.js"),
    "build",
    "--yes",
    `--global-config=${home}/${accountFolder}`,
    ...(target === "production" ? ["--prod"] : ["--target=preview"]),
  ];
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
