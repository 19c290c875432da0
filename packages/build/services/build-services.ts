import { mkdirSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { HomeLayout, Services } from "@evenkeel/model";
import type { BuiltFolder } from "../import/import-output.ts";
import { roomLimits } from "../room/room-limits.ts";
import type { RoomOutcome } from "../room/run-in-room.ts";
import { runInBuildRoom } from "../vercel-build/build-room.ts";
import type { RunBuildOptions } from "../vercel-build/run-build.ts";
import type { ServicesPlan } from "./services-plan.ts";
import { requireSystemPackages } from "./system-packages.ts";

/** As at Heroku, where it is the same place at build and run time: absolute paths that a build leaves stay right. */
const appPlace = "/app";

/** Where a build left the files of an app's services. */
export interface BuiltServices extends Omit<Services, "slug"> {
  /** Every file of it belongs to the services. */
  path: string;
  /** Where the build saw it. */
  seenAs: string;
  settled: boolean;
}

/** A copy of the source for the services, without a build output; to be made before `vercel build`, which leaves its own things there. */
export async function setAsideServices({ folder }: Pick<RunBuildOptions, "folder">): Promise<void> {
  const path = servicesFolder(folder.path);
  await rm(path, { recursive: true, force: true });
  const own = join(folder.source, ".vercel");
  await cp(folder.source, path, { recursive: true, verbatimSymlinks: true, filter: (from) => from !== own });
}

/**
 * Builds the services of a Procfile as Heroku does, each step in the room of a build. The files are the whole source with what its
 * build made of it.
 *
 * @param apart in the copy that `setAsideServices` has made; else in the source itself
 *
 * @throws SystemPackagesMissingError (`system_packages_missing`), and what `runBuild` throws
 */
export async function buildServices(
  layout: HomeLayout,
  options: RunBuildOptions,
  services: ServicesPlan,
  apart: boolean,
): Promise<BuiltServices> {
  const { folder, plan, tools, onLog } = options;
  const note = (text: string) => onLog({ atMs: Date.now(), stream: "platform", text });
  const unknown = requireSystemPackages(services.systemPackages);
  if (unknown) note(unknown);
  const path = apart ? servicesFolder(folder.path) : folder.source;
  const limits = roomLimits(options.limits);
  const endsAtMs = performance.now() + limits.wallTimeMs;
  let last: RoomOutcome | undefined;
  for (const step of services.steps) {
    note(step.title);
    const leftMs = Math.max(1_000, endsAtMs - performance.now());
    last = await runInBuildRoom(layout, {
      ...{ ...options, what: "build", place: appPlace, limits: { ...limits, wallTimeMs: leftMs } },
      folder: { ...folder, source: path },
      environment: { NODE_ENV: "production", ...options.environment },
      ...(plan.settings.rootDirectory && { workingFolder: plan.settings.rootDirectory }),
      argv: () => step.argv,
    });
  }
  return {
    path,
    seenAs: last?.isolated ? appPlace : path,
    // Without a step nobody but us has written there.
    settled: last?.settled ?? true,
    processes: services.processes,
    systemPackages: services.systemPackages,
    folder: plan.settings.rootDirectory ?? "",
    runtime: `nodejs${plan.node.major}.x`,
    tools: tools
      .filter(({ tool }) => tool !== "vercel" && tool !== "node")
      .map(({ tool, version }) => ({ tool, version })),
  };
}

/** An output without a single file, for an app that is services alone: the import needs one to put them in. */
export function emptyOutput(options: RunBuildOptions): BuiltFolder {
  const project = join(options.folder.path, "empty");
  const output = join(project, ".vercel/output");
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, "config.json"), '{"version":3}\n');
  return { output, project, boundary: project, settled: true };
}

const servicesFolder = (buildFolder: string): string => join(buildFolder, "services");
