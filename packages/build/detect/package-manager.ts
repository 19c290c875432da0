import { valid } from "semver";
import { PackageManagerUnsupportedError } from "../errors.ts";
import type { PackageManager } from "./build-plan.ts";

/** Vercel's image brings npm with Node; these are the ones that go with them. */
export const npmFor = (nodeMajor: number): string => (nodeMajor >= 24 ? "11" : "10");

/** In the order in which the CLI believes them. */
const lockfiles: [file: string, name: PackageManager["name"]][] = [
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
];

export const lockfilesOf = (name: PackageManager["name"]): string[] =>
  lockfiles.filter(([, writer]) => writer === name).map(([file]) => file);

/**
 * The package manager of an app: what `packageManager` in package.json says, else what the nearest lockfile was written by, else npm.
 *
 * @param folders of the app and those above it up to the repository's root, nearest first
 * @param readText text of a file in one of them, undefined where there is none
 * @throws PackageManagerUnsupportedError (`package_manager_unsupported`)
 */
export function choosePackageManager(
  declared: string | undefined,
  folders: string[],
  nodeMajor: number,
  readText: (path: string) => string | undefined,
): PackageManager {
  if (declared !== undefined) return parseDeclared(declared);
  for (const folder of folders) {
    for (const [file, name] of lockfiles) {
      const text = readText(`${folder}/${file}`);
      if (text !== undefined) return { name, version: versionFor(name, text, nodeMajor), source: file };
    }
  }
  return { name: "npm", version: npmFor(nodeMajor), source: "default" };
}

/** `pnpm@9.1.0+sha512.abc`: Corepack's form. */
function parseDeclared(declared: string): PackageManager {
  const [, name, version] = /^(npm|pnpm|yarn|bun)@([^+]+)(?:\+.*)?$/.exec(declared.trim()) ?? [];
  if (name === undefined || version === undefined || valid(version) === null) {
    throw new PackageManagerUnsupportedError(
      `packageManager in package.json is ${JSON.stringify(declared.slice(0, 80))}, which is not supported`,
      { hint: 'Write npm, pnpm, yarn or bun with an exact version, such as "pnpm@10.1.0".' },
    );
  }
  return { name: name as PackageManager["name"], version, source: "packageManager" };
}

function versionFor(name: PackageManager["name"], lockfile: string, nodeMajor: number): string {
  if (name === "pnpm") return pnpmFor(lockfile);
  if (name === "yarn") return yarnFor(lockfile);
  return name === "bun" ? "1" : npmFor(nodeMajor);
}

/** https://github.com/pnpm/spec/tree/master/lockfile: 5.4 is pnpm 7's, 6.x pnpm 8's, 9.0 that of pnpm 9 and 10. */
function pnpmFor(lockfile: string): string {
  const version = Number(/^lockfileVersion:\s*['"]?(\d+(?:\.\d+)?)/m.exec(lockfile)?.[1] ?? 9);
  if (version < 6) return "7";
  return version < 7 ? "8" : "10";
}

/** A classic lockfile has no `__metadata`; its `version` is 4 and 5 for Yarn 2, 6 for 3, 8 for 4. */
function yarnFor(lockfile: string): string {
  const metadata = /^__metadata:\s*\n\s+version:\s*(\d+)/m.exec(lockfile)?.[1];
  if (metadata === undefined) return "1";
  const version = Number(metadata);
  if (version < 6) return "2";
  return version < 8 ? "3" : "4";
}
