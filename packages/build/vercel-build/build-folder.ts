import { existsSync, lstatSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type AppName, type HomeLayout, InvalidValueError } from "@evenkeel/model";
import { bundledSchemaFolder, envSchemaNames } from "../env-schema/schema-names.ts";
import { BuildWithoutOutputError } from "../errors.ts";
import type { BuiltFolder } from "../import/import-output.ts";

export interface BuildFolder {
  id: string;
  /** `<builds>/<id>` */
  path: string;
  /** The source goes here (`unpackSource`). */
  source: string;
}

/** The folder of one build; nothing is made yet. @param id `a-z 0-9 -`, one per build */
export function buildFolder(layout: HomeLayout, id: string): BuildFolder {
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(id)) {
    throw new InvalidValueError(`Build id ${JSON.stringify(id.slice(0, 80))} is not valid`, {
      hint: "Use 1 to 64 lower-case letters, digits and hyphens.",
    });
  }
  const path = join(layout.builds, id);
  return { id, path, source: join(path, "source") };
}

export async function removeBuildFolder(layout: HomeLayout, id: string): Promise<void> {
  await rm(buildFolder(layout, id).path, { recursive: true, force: true });
}

/** Removes the folders of builds that are not under way: a crash leaves them behind. @returns how many */
export async function sweepBuildFolders(layout: HomeLayout, underWay: ReadonlySet<string>): Promise<number> {
  const names = await readdir(layout.builds).catch(() => []);
  const stale = names.filter((name) => !name.startsWith(".") && !underWay.has(name));
  for (const name of stale) await rm(join(layout.builds, name), { recursive: true, force: true });
  return stale.length;
}

/** Removes what builds of an app have cached. */
export async function removeBuildCaches(layout: HomeLayout, app: AppName): Promise<void> {
  await rm(join(layout.builds, ".cache", app), { recursive: true, force: true });
}

/**
 * Package managers' caches that builds of one app share. Production has its own: a preview builds whatever somebody pushed.
 */
export function buildCachePath(layout: HomeLayout, app: AppName, target: "production" | "preview"): string {
  return join(layout.builds, ".cache", app, target);
}

/**
 * Where an unpacked `--prebuilt` source has its output.
 *
 * @throws BuildWithoutOutputError (`build_without_output`)
 */
export function prebuiltFolder(folder: BuildFolder, rootDirectory = ""): BuiltFolder {
  for (const project of [folder.source, join(folder.source, rootDirectory)]) {
    const output = join(project, ".vercel/output");
    if (existsSync(join(output, "config.json"))) {
      const envSchema = bundledSchema(join(project, bundledSchemaFolder));
      return { output, project, boundary: folder.source, settled: true, ...(envSchema && { envSchema }) };
    }
  }
  throw new BuildWithoutOutputError("The prebuilt source has no .vercel/output/config.json", {
    hint: "Run `vercel build --prod` first, or deploy without --prebuilt.",
  });
}

function bundledSchema(folder: string): BuiltFolder["envSchema"] {
  const schemas = envSchemaNames.map((name) => ({ name, path: join(folder, `${name}.mjs`) }));
  return schemas.find(({ path }) => lstatSync(path, { throwIfNoEntry: false })?.isFile());
}
