import type { BuildOutput, OutputId, StaticFile } from "@evenkeel/model";
import { canonicalHash } from "./canonical-hash.ts";

/** What an output is called. Precompressed forms are made from the content and by our own choice of levels; they are no part of what an output is. */
export function outputIdOf(content: Omit<BuildOutput, "id">): OutputId {
  const bare = ({ encodings: _, ...file }: StaticFile) => file;
  const mapped = {
    ...content,
    files: Object.fromEntries(Object.entries(content.files).map(([path, file]) => [path, bare(file)])),
    prerenders: Object.fromEntries(
      Object.entries(content.prerenders).map(([path, prerender]) => [
        path,
        prerender.fallback ? { ...prerender, fallback: bare(prerender.fallback) } : prerender,
      ]),
    ),
  };
  return canonicalHash(mapped) as OutputId;
}
