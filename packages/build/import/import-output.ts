import { realpathSync } from "node:fs";
import { mkdir, readFile, utimes } from "node:fs/promises";
import { writeFileDurably } from "@evenkeel/disk";
import {
  type BuildOutput,
  type FileHash,
  type FunctionFile,
  type FunctionId,
  type FunctionSpec,
  type HomeLayout,
  type OutputId,
  outputPath,
  type Prerender,
  type StaticFile,
  type StoredFile,
} from "@evenkeel/model";
import { OutputUnsupportedError } from "../errors.ts";
import { acquireFileLock } from "../lock/file-lock.ts";
import { canonicalHash } from "../store/canonical-hash.ts";
import { FileIntake } from "../store/file-intake.ts";
import { ensureFunctionTrees } from "../store/function-tree.ts";
import { storeError } from "../store/make-durable.ts";
import { precompress } from "../store/precompress.ts";
import { storeLockPath } from "../store/store-layout.ts";
import { contentTypeOf } from "./content-type.ts";
import { InsideResolver } from "./inside-resolver.ts";
import { type OutputConfig, readConfig } from "./read-config.ts";
import {
  type FunctionDraft,
  type FunctionsDraft,
  type PrerenderDraft,
  readFunctions,
} from "./read-functions.ts";
import { readStatic, type StaticEntry } from "./read-static.ts";

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
}

/**
 * Brings a Build Output into the artifact store. Order, by what a crash leaves: staged files (swept) → durable files without a
 * manifest (swept) → function trees (swept) → the manifest, durable, which makes the output exist. The same files and settings
 * give the same id; an import of what is there already hashes and compares, and writes nothing.
 *
 * @throws OutputInvalidError (`output_invalid`), OutputPathRefusedError (`output_path_refused`),
 *   HandlerMissingError (`output_handler_missing`), OutputUnsupportedError (`output_unsupported`), StoreFullError (`store_full`)
 */
export async function importOutput(
  layout: HomeLayout,
  built: BuiltFolder,
  options: { signal?: AbortSignal } = {},
): Promise<BuildOutput> {
  const boundary = realpathSync(built.boundary);
  const resolver = new InsideResolver(boundary, built.seenAs ?? built.boundary);
  const inBoundary = (path: string) => boundary + path.slice(built.boundary.length);
  const output = inBoundary(built.output);

  const config = readConfig(resolver, output);
  refuseServices(resolver, output);
  const statics = readStatic(resolver, output, config.overrides);
  const functions = await readFunctions(resolver, output, inBoundary(built.project));
  options.signal?.throwIfAborted();

  const lock = await acquireFileLock(storeLockPath(layout), "shared", { signal: options.signal });
  const intake = new FileIntake(layout, built.settled ?? false);
  try {
    await mkdir(layout.artifactTrees, { recursive: true });
    await intake.begin();
    const manifest = await store(layout, intake, { config, statics, functions }, options.signal);
    await intake.commit();
    await ensureFunctionTrees(layout, Object.values(manifest.functionsById), options);
    return await publish(layout, manifest);
  } catch (error) {
    throw storeError(error);
  } finally {
    await intake.end();
    lock?.unlock();
  }
}

interface Drafts {
  config: OutputConfig;
  statics: StaticEntry[];
  functions: FunctionsDraft;
}

async function store(
  layout: HomeLayout,
  intake: FileIntake,
  { config, statics, functions }: Drafts,
  signal: AbortSignal | undefined,
): Promise<BuildOutput> {
  const sizes = new Map<FileHash, number>();
  const take = async (path: string): Promise<StoredFile> => {
    signal?.throwIfAborted();
    const stored = await intake.add(path);
    sizes.set(stored.hash, stored.sizeBytes);
    return stored;
  };
  const takeStatic = async (path: string, contentType: string): Promise<StaticFile> => {
    const stored = await take(path);
    const encodings = await precompress(layout, intake, stored, contentType);
    return { ...stored, contentType, ...(encodings && { encodings }) };
  };
  const takeFunction = async (draft: FunctionDraft): Promise<FunctionSpec> => {
    const { entries, ...settings } = draft;
    const tree = await Promise.all(
      entries.map(async (entry): Promise<FunctionFile> => {
        if ("symlink" in entry) return entry;
        return { path: entry.path, ...(await take(entry.file)), executable: entry.executable };
      }),
    );
    return { id: canonicalHash({ ...settings, tree }) as FunctionId, ...settings, tree };
  };

  const [files, specs, prerenders] = await Promise.all([
    entriesOf(statics, async ({ key, path, contentType }) => [key, await takeStatic(path, contentType)]),
    entriesOf([...functions.byFolder], async ([folder, draft]) => [folder, await takeFunction(draft)]),
    entriesOf([...functions.prerenders], async ([path, draft]) => [
      path,
      await takePrerender(draft, takeStatic),
    ]),
  ]);

  const content: Omit<BuildOutput, "id"> = {
    formatVersion: 1,
    ...(config.framework && { framework: config.framework }),
    routes: config.routes,
    files,
    functions: Object.fromEntries([...functions.paths].map(([path, folder]) => [path, specs[folder]!.id])),
    functionsById: Object.fromEntries(Object.values(specs).map((spec) => [spec.id, spec])),
    prerenders,
    ...(config.images && { images: config.images }),
    ...(config.wildcard && { wildcard: config.wildcard }),
    crons: config.crons ?? [],
    ...(config.schedules && { schedules: config.schedules }),
    sizeBytes: sizes.values().reduce((sum, size) => sum + size, 0),
  };
  return { id: outputIdOf(content), ...content };
}

/** Precompressed forms are made from the content and by our own choice of levels; they are no part of what an output is. */
export function outputIdOf(content: Omit<BuildOutput, "id">): OutputId {
  const bare = ({ encodings: _, ...file }: StaticFile) => file;
  const mapped = {
    ...content,
    files: Object.fromEntries(Object.entries(content.files).map(([path, file]) => [path, bare(file)])),
    prerenders: Object.fromEntries(
      Object.entries(content.prerenders).map(([path, prerender]) => [
        path,
        prerender.fallback ? { ...prerender, fallback: bare(prerender.fallback) } : prerender,
      ]),
    ),
  };
  return canonicalHash(mapped) as OutputId;
}

async function takePrerender(
  { config, fallback }: PrerenderDraft,
  takeStatic: (path: string, contentType: string) => Promise<StaticFile>,
): Promise<Prerender> {
  const given = <Key extends keyof PrerenderDraft["config"]>(key: Key) =>
    config[key] === null || config[key] === undefined ? {} : { [key]: config[key] };
  const declared = Object.entries(config.initialHeaders ?? {}).find(
    ([name]) => name.toLowerCase() === "content-type",
  )?.[1];
  return {
    expiration: config.expiration,
    ...given("staleExpiration"),
    ...given("group"),
    ...given("bypassToken"),
    ...given("bypassFor"),
    ...(fallback && {
      fallback: await takeStatic(
        fallback.path,
        declared ?? fallback.contentType ?? contentTypeOf(fallback.path),
      ),
    }),
    ...given("initialStatus"),
    ...given("initialHeaders"),
    ...given("allowQuery"),
    ...given("allowHeader"),
    passQuery: config.passQuery ?? false,
    ...given("sourcePath"),
    exposeErrBody: config.exposeErrBody ?? false,
    partialFallback: config.partialFallback ?? false,
    ...given("chain"),
    ...given("experimentalBypassFor"),
  };
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

async function entriesOf<Item, Value>(
  items: Item[],
  entry: (item: Item) => Promise<[string, Value]>,
): Promise<Record<string, Value>> {
  return Object.fromEntries(await Promise.all(items.map(entry)));
}
