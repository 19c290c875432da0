import { type NodeMajor, nodeMajors, provisionToolchain } from "@evenkeel/build";
import type { HomeLayout } from "@evenkeel/model";
import { prepareServerBinaries } from "@evenkeel/postgres";
import type { Progress } from "../output/progress.ts";

/** Installs what the platform itself needs, with the versions of Node that functions ask for; a build's own tools come with the first build. */
export async function provide(
  layout: HomeLayout,
  progress: Progress,
  majors: NodeMajor[] = [24],
): Promise<void> {
  progress.step("Preparing PostgreSQL");
  await prepareServerBinaries();
  for (const major of majors) {
    progress.step(`Preparing Node.js ${major} for functions`);
    await provisionToolchain(layout, [{ tool: "node", major }], (state) => {
      if (state.doneBytes !== undefined) progress.step(`Installing Node.js ${state.version} for functions`);
    });
  }
}

/** `nodejs22.x` → 22; undefined where a function does not run on a Node that is installed for it. */
export const nodeMajorOf = (runtime: string): NodeMajor | undefined =>
  nodeMajors.find((major) => runtime === `nodejs${major}.x`);
