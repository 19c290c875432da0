import { listOutputs, type NodeMajor, readOutput, verifyOutput } from "@evenkeel/build";
import type { HomeLayout } from "@evenkeel/model";
import type { Progress } from "../output/progress.ts";
import { nodeMajorOf } from "./provide.ts";

/**
 * After files came back from an archive: compares every build output with its hashes and makes the function trees, which are links and in no archive.
 *
 * @returns the versions of Node that functions ask for
 */
export async function completeOutputs(layout: HomeLayout, progress: Progress): Promise<NodeMajor[]> {
  const outputs = await listOutputs(layout);
  const majors = new Set<NodeMajor>([24]);
  progress.step(`Checking ${outputs.length} build outputs`);
  for (const [index, { id }] of outputs.entries()) {
    await verifyOutput(layout, id);
    for (const { runtime } of Object.values((await readOutput(layout, id)).functionsById)) {
      const major = nodeMajorOf(runtime);
      if (major) majors.add(major);
    }
    progress.at((index + 1) / outputs.length);
  }
  return [...majors];
}
