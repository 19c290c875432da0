import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { writeFileDurably } from "@evenkeel/disk";
import { type FunctionFile, type HomeLayout, type Slug, type SlugId, slugPath } from "@evenkeel/model";
import { OutputMissingError } from "../errors.ts";
import { canonicalHash } from "./canonical-hash.ts";

export function makeSlug(tree: FunctionFile[]): Slug {
  return { formatVersion: 1, id: canonicalHash({ tree }) as SlugId, tree };
}

/** Durable; after its files and its tree, before the output that names it. */
export function saveSlug(layout: HomeLayout, slug: Slug): void {
  const path = slugPath(layout, slug.id);
  if (!existsSync(path)) writeFileDurably(path, JSON.stringify(slug), 0o444);
}

/** @throws OutputMissingError (`output_missing`) */
export async function readSlug(layout: HomeLayout, id: SlugId): Promise<Slug> {
  try {
    return JSON.parse(await readFile(slugPath(layout, id), "utf8")) as Slug;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new OutputMissingError(`The files of services ${id.slice(0, 12)} are not in the artifact store`, {
      hint: "Deploy again; retention may have removed them.",
      cause,
    });
  }
}
