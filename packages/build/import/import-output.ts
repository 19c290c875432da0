import { realpathSync } from "node:fs";
import { mkdir, readFile, utimes } from "node:fs/promises";
import { basename } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { type BuildOutput, type HomeLayout, outputPath, type Schedule } from "@evenkeel/model";
import { functionKey } from "@evenkeel/schedules";
import { OutputInvalidError, OutputUnsupportedError, SecretExposedError } from "../errors.ts";
import { acquireFileLock } from "../lock/file-lock.ts";
import type { BuiltServices } from "../services/build-services.ts";
import { FileIntake } from "../store/file-intake.ts";
import { FunctionTrees } from "../store/function-tree.ts";
import { makeDurable, storeError } from "../store/make-durable.ts";
import { saveSlug } from "../store/slug-store.ts";
import { storeLockPath } from "../store/store-layout.ts";
import { collectSlug } from "./collect-slug.ts";
import type { TreeEntry } from "./collect-tree.ts";
import { findInlinedSecrets, type InlinedSecrets } from "./inlined-secrets.ts";
import { InsideResolver } from "./inside-resolver.ts";
import { type OutputConfig, readConfig } from "./read-config.ts";
import { type FunctionsDraft, readFunctions } from "./read-functions.ts";
import { readStatic } from "./read-static.ts";
import { type OutputDrafts, type ServicesDraft, storeDrafts } from "./store-drafts.ts";

/** Where a build left its output. */
export interface BuiltFolder {
  /** `…/.vercel/output` */
  output: string;
  /** `filePathMap`s are relative to it. */
  project: string;
  /** No file outside it is imported. */
  boundary: string;
  /** Where the build itself saw `boundary`, if elsewhere: absolute links of the build mean that place. */
  seenAs?: string;
  /** Nobody can write the files any more: they may be hard-linked into the store. Default: they are copied. */
  settled?: boolean;
  /** Of `vercel.json`, beside those that the output has itself. */
  schedules?: Schedule[];
  /** From `bundleEnvSchema`. */
  envSchema?: { name: string; path: string };
  services?: BuiltServices;
}

export interface ImportOptions {
  signal?: AbortSignal;
  /** Variables whose values must not stand in what browsers may load. */
  secrets?: Record<string, string>;
  /** Values that were found where they may be meant. */
  onInlined?: (found: InlinedSecrets) => void;
}

/**
 * Brings a Build Output into the artifact store. Order, by what a crash leaves: staged files and unfinished trees (swept)
 * → durable files and trees without a manifest (swept) → the manifest, durable, which makes the output exist. The same files and settings
 * give the same id; an import of what is there already hashes and compares, and writes nothing.
 *
 * @throws OutputInvalidError (`output_invalid`), OutputPathRefusedError (`output_path_refused`),
 *   SecretExposedError (`secret_exposed`), HandlerMissingError (`output_handler_missing`), OutputUnsupportedError (`output_unsupported`), StoreFullError (`store_full`)
 */
export async function importOutput(
  layout: HomeLayout,
  built: BuiltFolder,
  options: ImportOptions = {},
): Promise<BuildOutput> {
  const boundary = realpathSync(built.boundary);
  const resolver = new InsideResolver(boundary, built.seenAs ?? built.boundary);
  const inBoundary = (path: string) => boundary + path.slice(built.boundary.length);
  const output = inBoundary(built.output);

  const config = readConfig(resolver, output);
  if (built.schedules) config.schedules = [...(config.schedules ?? []), ...built.schedules];
  refuseServices(resolver, output);
  const statics = readStatic(resolver, output, config.overrides);
  const functions = await readFunctions(resolver, output, inBoundary(built.project));
  refuseMissingTargets(config, functions);
  const services = built.services && (await draftServices(built.services));
  await refuseExposed({ statics, functions, services }, options);
  options.signal?.throwIfAborted();

  const lock = await acquireFileLock(storeLockPath(layout), "shared", { signal: options.signal });
  const intake = new FileIntake(layout, (built.settled ?? false) && (built.services?.settled ?? true));
  const trees = new FunctionTrees(layout, intake.pathOf);
  try {
    await mkdir(layout.artifactTrees, { recursive: true });
    await intake.begin();
    const drafts = { config, statics, functions, services, envSchema: built.envSchema };
    const { manifest, slug } = await storeDrafts(layout, intake, drafts, options.signal);
    const staged = await intake.settle();
    const filled = await trees.fill(
      [...Object.values(manifest.functionsById), ...(slug ? [slug] : [])],
      options.signal,
    );
    await makeDurable(layout.artifacts, [...staged, ...filled]);
    await intake.publish();
    await trees.publish();
    if (slug) saveSlug(layout, slug);
    return await publish(layout, manifest);
  } catch (error) {
    throw storeError(error);
  } finally {
    await Promise.allSettled([intake.end(), trees.end()]);
    lock?.unlock();
  }
}

function refuseMissingTargets(config: OutputConfig, { paths }: FunctionsDraft): void {
  for (const { name, target } of config.schedules ?? []) {
    if (!("function" in target) || paths.has(functionKey(target.function))) continue;
    throw new OutputInvalidError(
      `The schedule "${name}" is for the function ${JSON.stringify(target.function)}, which the build has not made`,
      { hint: "Name its source file, such as `api/cleanup.ts`, or its path in the output." },
    );
  }
}

/** Before anything is stored: a secret must not get into the store either. */
async function refuseExposed(
  { statics, functions, services }: Pick<OutputDrafts, "statics" | "functions" | "services">,
  { secrets, onInlined }: ImportOptions,
): Promise<void> {
  if (!secrets) return;
  const reachable = statics.map(({ key, path }) => ({ name: `static/${key}`, path }));
  for (const [name, { fallback }] of functions.prerenders)
    if (fallback) reachable.push({ name: `functions/${name}.prerender-fallback`, path: fallback.path });
  const server = [...functions.byFolder].flatMap(([folder, { entries }]) =>
    treeFiles(basename(folder), entries),
  );
  server.push(...treeFiles("services", services?.entries ?? []));
  const found = await findInlinedSecrets({ reachable, server }, secrets);
  if (found.exposed.length > 0) throw new SecretExposedError(found.exposed);
  onInlined?.(found);
}

const treeFiles = (root: string, entries: TreeEntry[]) =>
  entries.flatMap((entry) => ("file" in entry ? [{ name: `${root}/${entry.path}`, path: entry.file }] : []));

async function draftServices({
  path,
  seenAs,
  settled: _,
  ...services
}: BuiltServices): Promise<ServicesDraft> {
  const root = realpathSync(path);
  return { ...services, entries: await collectSlug(root, seenAs === path ? root : seenAs) };
}

async function publish(layout: HomeLayout, manifest: BuildOutput): Promise<BuildOutput> {
  const path = outputPath(layout, manifest.id);
  const now = new Date();
  try {
    const known = JSON.parse(await readFile(path, "utf8")) as BuildOutput;
    // Its age begins anew, so that a retention plan made before does not remove it.
    await utimes(path, now, now);
    return known;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  writeFileDurably(path, JSON.stringify(manifest), 0o444);
  return manifest;
}

function refuseServices(resolver: InsideResolver, output: string): void {
  if (resolver.resolve(`${output}/services`, output)?.status.isDirectory()) {
    throw new OutputUnsupportedError("The build output holds several services (`.vercel/output/services`)", {
      hint: "Deploy each service as an app of its own, with `rootDirectory` naming its folder.",
    });
  }
}
