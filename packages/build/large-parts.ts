/**
 * What reads a source tree and a build output brings Vercel's own libraries, 15 MB that stay. Control is there all the time and builds
 * now and then, so it gets them with the first build.
 */

import type { inspectSource as InspectSource } from "./detect/inspect-source.ts";
import type { importOutput as ImportOutput } from "./import/import-output.ts";

export const inspectSource: typeof InspectSource = async (...given) =>
  (await import("./detect/inspect-source.ts")).inspectSource(...given);

export const importOutput: typeof ImportOutput = async (...given) =>
  (await import("./import/import-output.ts")).importOutput(...given);
