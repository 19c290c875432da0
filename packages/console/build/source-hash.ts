import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const packageFolder = join(import.meta.dir, "..");
const repository = join(packageFolder, "../..");

/** Of everything that the pages are made from: their source, the API's contract, the versions of the libraries. */
export function hashOfSources(): string {
  const hasher = new Bun.CryptoHasher("sha256");
  const add = (path: string) => {
    hasher.update(`${path}\0`);
    hasher.update(readFileSync(join(repository, path)));
  };
  for (const folder of ["packages/console", "packages/control/api/contract"]) {
    const names = readdirSync(join(repository, folder), { recursive: true }) as string[];
    for (const name of names.sort()) {
      if (/\.(?:tsx?|css|html|svg)$/.test(name) && !name.includes(".test.") && !name.includes("node_modules"))
        add(`${folder}/${name}`);
    }
  }
  add("package-lock.json");
  return hasher.digest("hex").slice(0, 16);
}
