import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Schedule } from "@evenkeel/model";
import { declaredSchedules } from "@evenkeel/schedules";
import { SourceTree } from "../detect/source-tree.ts";
import type { BuildFolder } from "./build-folder.ts";

/**
 * Takes `schedules` out of the source's `vercel.json`, which `inspectSource` has passed: the pinned CLI knows neither the form of the documentation nor targets
 * that are paths, and would refuse the file. What was taken stands beside the source, for a build that is repeated.
 */
export function takeSchedules(folder: BuildFolder, rootDirectory: string | undefined): Schedule[] {
  const aside = join(folder.path, "schedules.json");
  if (existsSync(aside)) return JSON.parse(readFileSync(aside, "utf8")) as Schedule[];
  const tree = new SourceTree(folder.source);
  const name = join(tree.appFolder(rootDirectory), "vercel.json");
  const { schedules, ...rest } = JSON.parse(tree.readText(name)?.replace(/^\uFEFF/, "") ?? "{}");
  if (schedules === undefined) return [];
  const taken = declaredSchedules(schedules);
  writeFileSync(aside, JSON.stringify(taken));
  // The file may be a link: it is replaced, not written through.
  rmSync(join(tree.root, name));
  writeFileSync(join(tree.root, name), JSON.stringify(rest, null, 2), { flag: "wx" });
  return taken;
}
