import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { LauncherBundleError } from "./errors.ts";

const entry = join(import.meta.dir, "main.ts");

/** What a running host has built; its sources do not change under it. */
const bundles = new Map<string, Promise<string>>();

/**
 * The launcher as one CommonJS file that Node ≥ 20 and Bun run: `<folder>/launcher-<hash of its content>.cjs`. Built once a process (about
 * 50 ms), written durably, and only if the folder lacks it; files of other versions stay, since older instances may run from them.
 *
 * @returns the file's path.
 * @throws LauncherBundleError when the sources cannot be bundled.
 */
export function ensureLauncherBundle(folder: string): Promise<string> {
  const known = bundles.get(folder);
  if (known !== undefined) return known;
  const made = makeBundle(folder);
  bundles.set(folder, made);
  made.catch(() => bundles.delete(folder));
  return made;
}

async function makeBundle(folder: string): Promise<string> {
  const built = await Bun.build({
    entrypoints: [entry],
    target: "node",
    format: "cjs",
    minify: { syntax: true, whitespace: false, identifiers: false },
  }).catch((cause: unknown) => {
    throw new LauncherBundleError("Bundling the launcher failed", { cause });
  });
  const [artifact] = built.outputs;
  if (!built.success || artifact === undefined) {
    throw new LauncherBundleError(`Bundling the launcher failed: ${built.logs.join("; ")}`);
  }
  const code = await artifact.text();
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 16);
  const path = join(folder, `launcher-${hash}.cjs`);
  if (!existsSync(path)) writeFileDurably(path, code);
  return path;
}
