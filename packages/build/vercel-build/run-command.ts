import type { HomeLayout } from "@evenkeel/model";
import { type BuildRoomUse, runInBuildRoom } from "./build-room.ts";

/** Long enough for a large back-fill, and shorter than a person's patience with one that hangs. */
const wallTimeMs = 60 * 60_000;

export interface RunCommandOptions extends BuildRoomUse {
  /** Is looked up on the PATH of the build: the app's Node, its package manager, and the packages that it installed. */
  argv: string[];
  /** The app's folder within the source. */
  workingFolder?: string;
}

/**
 * Runs a command of the app's own where it was built, after its build: with the packages that it installed, its variables and the
 * bounds of a build, and nothing of the platform's.
 *
 * @throws BuildFailedError (`build_failed`) with its exit code, and what else a build throws for time, memory and disk
 */
export async function runAppCommand(layout: HomeLayout, options: RunCommandOptions): Promise<void> {
  await runInBuildRoom(layout, {
    ...options,
    what: "command",
    limits: { wallTimeMs, ...options.limits },
    packageCommands: true,
    argv: () => options.argv,
  });
}
