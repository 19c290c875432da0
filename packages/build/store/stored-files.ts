import type { BuildOutput, Slug, StaticFile, StoredFile } from "@evenkeel/model";

/** Every file of the store that an output needs; some more than once. */
export function* storedFiles(output: BuildOutput, slug?: Slug): Generator<StoredFile> {
  if (output.envSchema) yield output.envSchema;
  for (const file of Object.values(output.files)) yield* withEncodings(file);
  for (const { fallback } of Object.values(output.prerenders)) if (fallback) yield* withEncodings(fallback);
  for (const spec of Object.values(output.functionsById)) {
    for (const file of spec.tree) if ("hash" in file) yield file;
  }
  for (const file of slug?.tree ?? []) if ("hash" in file) yield file;
}

function* withEncodings(file: StaticFile): Generator<StoredFile> {
  yield file;
  yield* Object.values(file.encodings ?? {});
}
