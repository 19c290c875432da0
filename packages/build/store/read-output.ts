import { readdir, readFile, stat } from "node:fs/promises";
import { type BuildOutput, type HomeLayout, type OutputId, outputPath, parseHash } from "@evenkeel/model";
import { OutputMissingError } from "../errors.ts";

/** An output of the store. @throws OutputMissingError (`output_missing`) */
export async function readOutput(layout: HomeLayout, id: OutputId): Promise<BuildOutput> {
  try {
    return JSON.parse(await readFile(outputPath(layout, id), "utf8")) as BuildOutput;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new OutputMissingError(`Build output ${id.slice(0, 12)} is not in the artifact store`, {
      hint: "Deploy again; retention may have removed it.",
      cause,
    });
  }
}

export interface OutputSummary {
  id: OutputId;
  /** When it was last imported; importing it again makes it young again. */
  importedAtMs: number;
}

/** All outputs of the store, oldest first. */
export async function listOutputs(layout: HomeLayout): Promise<OutputSummary[]> {
  const names = await readdir(layout.artifactOutputs).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const summaries = await Promise.all(
    names
      .filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
      .map(async (name) => ({
        id: parseHash<OutputId>(name.slice(0, -".json".length)),
        importedAtMs: (await stat(`${layout.artifactOutputs}/${name}`)).mtimeMs,
      })),
  );
  return summaries.sort((one, other) => one.importedAtMs - other.importedAtMs);
}
