import { readdirSync, readlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { HandlerMissingError, OutputInvalidError, OutputPathRefusedError } from "../errors.ts";
import { type InsideResolver, isPlainRelativePath, isWithin } from "./inside-resolver.ts";

/** One path of a function's tree before its bytes are stored. */
export type TreeEntry =
  | { path: string; file: string; executable: boolean }
  /** Relative to the folder of `path`, inside the tree. */
  | { path: string; symlink: string };

/** Settings of the function, not a part of it. */
const configName = ".vc-config.json";

/**
 * The files of a function: those of its `.func` folder and those that `filePathMap` names, path in the tree → path relative to the
 * project. Sorted by path.
 */
export function collectTree(
  resolver: InsideResolver,
  folder: string,
  project: string,
  filePathMap: Record<string, string> = {},
): TreeEntry[] {
  const entries = new Map<string, TreeEntry>();
  const own = new Set<string>();
  ownFiles(resolver, folder, "", entries);
  for (const path of entries.keys()) own.add(path);
  for (const [path, source] of Object.entries(filePathMap)) {
    const entry = mappedFile(resolver, folder, project, path, source, filePathMap);
    // The builders write what they made themselves into the folder; it wins over what they only refer to.
    if (entry !== undefined && !own.has(path)) entries.set(path, entry);
  }
  return checkShape(resolver, folder, entries);
}

function ownFiles(
  resolver: InsideResolver,
  folder: string,
  prefix: string,
  entries: Map<string, TreeEntry>,
): void {
  for (const item of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = `${prefix}${item.name}`;
    const absolute = join(folder, path);
    if (path === configName) continue;
    if (item.isSymbolicLink()) {
      const target = resolver.linkTarget(absolute);
      if (!isWithin(folder, target)) resolver.refuse(absolute, folder);
      // Also what the target itself links to must stay inside.
      resolver.resolve(absolute, folder);
      entries.set(path, { path, symlink: relative(dirname(absolute), target) || "." });
    } else if (item.isDirectory()) ownFiles(resolver, folder, `${path}/`, entries);
    else entries.set(path, regularFile(resolver, absolute, path));
  }
}

function mappedFile(
  resolver: InsideResolver,
  folder: string,
  project: string,
  path: string,
  source: string,
  filePathMap: Record<string, string>,
): TreeEntry | undefined {
  const shown = resolver.shown(folder);
  if (!isPlainRelativePath(path)) {
    throw new OutputPathRefusedError(
      `The build output was refused: filePathMap of ${shown} writes to ${JSON.stringify(path)}, which leaves the function`,
    );
  }
  const absolute = join(project, source);
  if (!isWithin(resolver.root, absolute)) resolver.refuse(absolute);
  const parent = resolver.resolve(dirname(absolute));
  if (parent === undefined) throw missing(shown, path, source);
  const real = join(parent.path, absolute.slice(absolute.lastIndexOf("/") + 1));
  const resolved = resolver.resolve(real);
  const link = readLink(real);
  if (link !== undefined) {
    // The tracer maps a package manager's links beside the files behind them: the link is kept when it leads to those.
    const target = join(path, "..", link);
    if (!link.startsWith("/") && isPlainRelativePath(target) && leadsSomewhere(target, filePathMap)) {
      return { path, symlink: relative(dirname(path), target) || "." };
    }
  }
  if (resolved === undefined) throw missing(shown, path, source);
  // A folder behind a link of which nothing was traced: nothing in it is needed.
  if (resolved.status.isDirectory()) return undefined;
  return regularFile(resolver, resolved.path, path);
}

function leadsSomewhere(target: string, filePathMap: Record<string, string>): boolean {
  if (Object.hasOwn(filePathMap, target)) return true;
  return foldersOf(filePathMap).has(target);
}

const folderSets = new WeakMap<object, Set<string>>();
function foldersOf(filePathMap: Record<string, string>): Set<string> {
  const known = folderSets.get(filePathMap);
  if (known) return known;
  const folders = new Set<string>();
  for (const path of Object.keys(filePathMap)) {
    for (let up = dirname(path); up !== "." && !folders.has(up); up = dirname(up)) folders.add(up);
  }
  folderSets.set(filePathMap, folders);
  return folders;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function missing(shown: string, path: string, source: string): HandlerMissingError {
  return new HandlerMissingError(
    `Function ${shown} lacks the file ${JSON.stringify(path)}: its filePathMap names ${JSON.stringify(source)}, which does not exist`,
    { hint: "Build again; for --prebuilt, deploy from the folder in which `vercel build` ran." },
  );
}

function regularFile(resolver: InsideResolver, absolute: string, path: string): TreeEntry {
  const resolved = resolver.resolve(absolute);
  if (!resolved?.status.isFile()) {
    throw new OutputInvalidError(
      `The build output was refused: ${resolver.shown(absolute)} is neither a file nor a folder`,
    );
  }
  return { path, file: resolved.path, executable: (resolved.status.mode & 0o111) !== 0 };
}

/** Puts what stands below a link where the link leads, so that a tree can be made of the entries. */
function checkShape(resolver: InsideResolver, folder: string, entries: Map<string, TreeEntry>): TreeEntry[] {
  const shaped = new Map<string, TreeEntry>();
  for (const entry of entries.values()) {
    const path = behindLinks(entry.path, entries);
    if (path === entry.path || !entries.has(path)) shaped.set(path, { ...entry, path });
  }
  for (const path of shaped.keys()) {
    for (let up = dirname(path); up !== "."; up = dirname(up)) {
      if (shaped.has(up)) {
        throw new OutputInvalidError(
          `Function ${resolver.shown(folder)} has ${JSON.stringify(up)} both as a file and as a folder`,
        );
      }
    }
  }
  return [...shaped.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** As many as Linux follows. */
const linkLimit = 40;

function behindLinks(path: string, entries: Map<string, TreeEntry>): string {
  let current = path;
  for (let links = 0; links <= linkLimit; links++) {
    const link = linkAbove(current, entries);
    if (link === undefined) return current;
    current = join(dirname(link.path), link.symlink, current.slice(link.path.length + 1));
  }
  throw new OutputInvalidError(`The symlinks above ${JSON.stringify(path)} in a function form a loop`);
}

function linkAbove(path: string, entries: Map<string, TreeEntry>) {
  for (let up = dirname(path); up !== "."; up = dirname(up)) {
    const above = entries.get(up);
    if (above !== undefined && "symlink" in above) return above;
  }
  return undefined;
}
