import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Names in `dependencies` and `devDependencies` of a folder's package.json; none where there is no readable one: the build says what is wrong with it. */
export function dependenciesOf(folder: string): ReadonlySet<string> {
  try {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return new Set([...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies ?? {})]);
  } catch {
    return new Set();
  }
}
