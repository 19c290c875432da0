import { join } from "node:path";
import { SourceTree } from "@evenkeel/build/detect/source-tree";

/** Whether the source's `vercel.json` has `crons` or `schedules`; whether they are sound, the build says. @throws RootDirectoryMissingError */
export function declaresSchedules(sourceFolder: string, rootDirectory: string): boolean {
  const tree = new SourceTree(sourceFolder);
  const text = tree.readText(join(tree.appFolder(rootDirectory), "vercel.json")) ?? "null";
  try {
    const { crons, schedules } = JSON.parse(text) ?? {};
    return [crons, schedules].some((list) => typeof list === "object" && Object.keys(list ?? {}).length > 0);
  } catch {
    return false;
  }
}
