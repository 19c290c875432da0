import { type BuiltFolder, importOutput, removeBuildFolder } from "@evenkeel/build";
import { formatSize } from "@evenkeel/model";
import { needsBuildToMigrate } from "../needs-build-to-migrate.ts";
import type { PipelineStep } from "../pipeline-step.ts";
import { recordOutput } from "../step-store.ts";

/** Brings the output into the artifact store. From here on the build folder is no longer needed, but by a migration command. */
export const importStep: PipelineStep = {
  name: "import",
  state: "building",
  async run({ deployment, results, log, signal }, { layout, database, imports }) {
    const migrates = needsBuildToMigrate({ results });
    const built = results.build as unknown as BuiltFolder;
    const output = await imports.take(
      () => importOutput(layout, settledUnless(migrates, built), { signal }),
      signal,
    );
    const functions = Object.keys(output.functionsById).length;
    await recordOutput(database.progress, deployment.id, output.id, functions > 0);
    const files = Object.keys(output.files).length;
    log.note(`Stored ${files} static files and ${functions} functions, ${formatSize(output.sizeBytes)}`);
    // Behind: it may be a large node_modules, and a crash leaves it to the next start's clean-up.
    if (!migrates) void removeBuildFolder(layout, deployment.id).catch(() => {});
    return { output: output.id };
  },
};

/** Where code of the app runs in the folder afterwards, files of the store must not be the same as files in it. */
const settledUnless = (migrates: boolean, built: BuiltFolder): BuiltFolder =>
  migrates ? { ...built, settled: false } : built;
