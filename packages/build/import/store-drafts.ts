import type {
  BuildOutput,
  FileHash,
  FunctionFile,
  FunctionId,
  FunctionSpec,
  HomeLayout,
  Prerender,
  Services,
  Slug,
  StaticFile,
  StoredFile,
} from "@evenkeel/model";
import { canonicalHash } from "../store/canonical-hash.ts";
import type { FileIntake } from "../store/file-intake.ts";
import { outputIdOf } from "../store/output-id.ts";
import { precompress } from "../store/precompress.ts";
import { makeSlug } from "../store/slug-store.ts";
import type { TreeEntry } from "./collect-tree.ts";
import { contentTypeOf } from "./content-type.ts";
import type { OutputConfig } from "./read-config.ts";
import type { FunctionDraft, FunctionsDraft, PrerenderDraft } from "./read-functions.ts";
import type { StaticEntry } from "./read-static.ts";

export interface OutputDrafts {
  config: OutputConfig;
  statics: StaticEntry[];
  functions: FunctionsDraft;
  envSchema?: { name: string; path: string } | undefined;
  services: ServicesDraft | undefined;
}

/** Services whose files are not stored yet. */
export interface ServicesDraft extends Omit<Services, "slug"> {
  entries: TreeEntry[];
}

export interface StoredDrafts {
  manifest: BuildOutput;
  slug: Slug | undefined;
}

/** Hands every file of an output to the store, and makes the manifest that names them. */
export async function storeDrafts(
  layout: HomeLayout,
  intake: FileIntake,
  { config, statics, functions, services, envSchema }: OutputDrafts,
  signal: AbortSignal | undefined,
): Promise<StoredDrafts> {
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
  const takeTree = (entries: TreeEntry[]): Promise<FunctionFile[]> =>
    Promise.all(
      entries.map(async (entry): Promise<FunctionFile> => {
        if ("symlink" in entry) return entry;
        return { path: entry.path, ...(await take(entry.file)), executable: entry.executable };
      }),
    );
  const takeFunction = async (draft: FunctionDraft): Promise<FunctionSpec> => {
    const { entries, ...settings } = draft;
    const tree = await takeTree(entries);
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

  const { entries, ...settings } = services ?? { entries: [] };
  const slug = services && makeSlug(await takeTree(entries));
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
    ...(envSchema && { envSchema: { name: envSchema.name, ...(await take(envSchema.path)) } }),
    ...(slug && { services: { slug: slug.id, ...(settings as Omit<Services, "slug">) } }),
    sizeBytes: sizes.values().reduce((sum, size) => sum + size, 0),
  };
  return { manifest: { id: outputIdOf(content), ...content }, slug };
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

async function entriesOf<Item, Value>(
  items: Item[],
  entry: (item: Item) => Promise<[string, Value]>,
): Promise<Record<string, Value>> {
  return Object.fromEntries(await Promise.all(items.map(entry)));
}
