import type { BuildOutput, StaticFile, StoredFile } from "@evenkeel/model";

/** Every file of the store that an output needs; some more than once. */
export function* storedFiles(output: BuildOutput): Generator<StoredFile> {
  if (output.envSchema) yield output.envSchema;
  for (const file of Object.values(output.files)) yield* withEncodings(file);
  for (const { fallback } of Object.values(output.prerenders)) if (fallback) yield* withEncodings(fallback);
  for (const spec of Object.values(output.functionsById)) {
    for (const file of spec.tree) if ("hash" in file) yield file;
  }
}

function* withEncodings(file: StaticFile): Generator<StoredFile> {
  yield file;
  yield* Object.values(file.encodings ?? {});
}
