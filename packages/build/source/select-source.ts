import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { checkLinkTarget } from "./entry-rules.ts";
import { IgnoreRules } from "./ignore-rules.ts";

/** One thing to be packed; folders come into being by what is in them. */
export type SourceItem =
  | {
      path: string;
      sizeBytes: number;
      executable: boolean;
      /** Its bytes; absent: those of the file in the source. */
      content?: Uint8Array;
    }
  | { path: string; symlink: string };

/**
 * The files and links of a source that are not ignored, sorted. Sockets, pipes and devices are passed over, as git does.
 *
 * @throws SourceEntryRefusedError for a link that leaves the source
 */
export function selectSource(root: string): SourceItem[] {
  const items: SourceItem[] = [];
  const visit = (folder: string, above: IgnoreRules) => {
    const rules = above.within(folder);
    for (const name of readdirSync(`${root}/${folder}`).sort()) {
      const path = `${folder}${name}`;
      const item = itemAt(root, path);
      if (item === undefined || rules.ignores(path, item === "folder")) continue;
      if (item === "folder") visit(`${path}/`, rules);
      else items.push(item);
    }
  };
  visit("", IgnoreRules.of(root));
  return items;
}

/** @returns undefined for what cannot be packed */
export function itemAt(root: string, path: string): SourceItem | "folder" | undefined {
  const absolute = `${root}/${path}`;
  const status = lstatSync(absolute);
  if (status.isDirectory()) return "folder";
  if (status.isFile()) return { path, sizeBytes: status.size, executable: (status.mode & 0o111) !== 0 };
  if (!status.isSymbolicLink()) return undefined;
  return { path, symlink: readlinkSync(absolute) };
}

/** @throws SourceEntryRefusedError for the first link that leaves the source */
export function checkLinks(items: SourceItem[]): SourceItem[] {
  for (const item of items) if ("symlink" in item) checkLinkTarget(item.path, item.symlink);
  return items;
}
