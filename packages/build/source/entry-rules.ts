import { posix } from "node:path";
import { SourceEntryRefusedError } from "../errors.ts";

/** Linux' PATH_MAX. */
const longestPath = 4096;

/**
 * The path of an archive's entry in normal form.
 *
 * @returns `""` for the root itself
 * @throws SourceEntryRefusedError naming the entry
 */
export function entryPath(name: string): string {
  const path = name.replace(/^(\.\/)+/, "").replace(/\/+$/, "");
  if (path === "" || path === ".") {
    if (name.startsWith("/")) refuseEntry(name, "its path is absolute");
    return "";
  }
  if (path.startsWith("/")) refuseEntry(name, "its path is absolute");
  if (path.includes("\0")) refuseEntry(name, "its path holds a NUL");
  if (path.length > longestPath) refuseEntry(name, `its path is longer than ${longestPath} characters`);
  const parts = path.split("/");
  if (parts.includes("..")) refuseEntry(name, 'its path holds ".."');
  if (parts.includes("") || parts.includes(".")) refuseEntry(name, "its path is not in normal form");
  return path;
}

/**
 * Checks that the symlink at `path` stays in the source. `..` may only come first: after another part it could climb from wherever
 * that part, a link itself, leads.
 *
 * @throws SourceEntryRefusedError naming the link
 */
export function checkLinkTarget(path: string, target: string): void {
  if (target === "" || target.includes("\0")) refuseEntry(path, "it is a link without a target");
  if (target.startsWith("/"))
    refuseEntry(path, `it is a link to the absolute path ${JSON.stringify(target)}`);
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const climbs = parts.findIndex((part) => part !== "..");
  if (climbs !== -1 && parts.indexOf("..", climbs) !== -1) {
    refuseEntry(path, `its target ${JSON.stringify(target)} holds ".." after another part`);
  }
  const leadsTo = posix.join(posix.dirname(path), target);
  if (leadsTo === ".." || leadsTo.startsWith("../")) {
    refuseEntry(path, `it is a link to ${JSON.stringify(target)}, which is outside the source`);
  }
}

export function refuseEntry(name: string, why: string): never {
  const shown = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
  throw new SourceEntryRefusedError(`The source entry ${shown} was refused: ${why}`, {
    hint: "A source may only hold files, folders and relative links that stay inside it.",
  });
}
