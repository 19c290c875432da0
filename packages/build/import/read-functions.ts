import { existsSync } from "node:fs";
import { join } from "node:path";
import type { FunctionSpec } from "@evenkeel/model";
import { z } from "zod";
import { HandlerMissingError, OutputInvalidError, OutputUnsupportedError } from "../errors.ts";
import { collectTree, type TreeEntry } from "./collect-tree.ts";
import { edgeConfig, prerenderConfig, serverlessConfig } from "./config-schema.ts";
import { type InsideResolver, isPlainRelativePath } from "./inside-resolver.ts";
import { readJson } from "./read-json.ts";
import { walkFiles } from "./walk.ts";

/** A function whose files are not stored yet. */
export type FunctionDraft = Omit<FunctionSpec, "id" | "tree"> & { entries: TreeEntry[] };

export interface FunctionsDraft {
  /** Request path → the folder that holds its function, without symlinks. */
  paths: Map<string, string>;
  byFolder: Map<string, FunctionDraft>;
  prerenders: Map<string, PrerenderDraft>;
}

export interface PrerenderDraft {
  config: z.output<typeof prerenderConfig>;
  /** Resolved. */
  fallback: { path: string; contentType: string | undefined } | undefined;
}

/** https://vercel.com/docs/functions/limitations: 2 GB of memory and 300 s where a function says nothing, 800 s at most. */
const defaultMemoryMb = 2048;
const defaultDurationS = 300;
const longestDurationS = 800;

const nodeRuntimes = new Set(["nodejs20.x", "nodejs22.x", "nodejs24.x", "bun1.x"]);
/** https://vercel.com/docs/schedules/handle-runs#function-targets */
const scheduleTrigger = "schedule/v1beta";
const edgeHostRuntime = "nodejs24.x";

/** Reads `functions/`: functions, their settings and files, and prerenders. */
export async function readFunctions(
  resolver: InsideResolver,
  output: string,
  project: string,
): Promise<FunctionsDraft> {
  const drafts: FunctionsDraft = { paths: new Map(), byFolder: new Map(), prerenders: new Map() };
  const folder = resolver.resolve(`${output}/functions`, output);
  if (!folder?.status.isDirectory()) return drafts;
  const root = folder.path;
  for (const entry of walkFiles(resolver, root, root, (name) => !name.endsWith(".func"))) {
    if (entry.status.isDirectory()) {
      drafts.paths.set(entry.name.slice(0, -".func".length), entry.path);
      if (!drafts.byFolder.has(entry.path)) {
        drafts.byFolder.set(entry.path, readFunction(resolver, entry.path, project));
        // A tree takes milliseconds; others get their turn between two.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } else if (entry.name.endsWith(".prerender-config.json")) {
      const path = entry.name.slice(0, -".prerender-config.json".length);
      drafts.prerenders.set(path, readPrerender(resolver, root, entry.name, entry.path, entry.status.size));
    }
  }
  for (const path of drafts.prerenders.keys()) {
    if (!drafts.paths.has(path)) {
      throw new HandlerMissingError(
        `functions/${path}.prerender-config.json has no function functions/${path}.func beside it`,
        { hint: "A prerender needs the function that renders it again; build again." },
      );
    }
  }
  return drafts;
}

function readFunction(resolver: InsideResolver, folder: string, project: string): FunctionDraft {
  const shown = resolver.shown(folder);
  const resolved = resolver.resolve(join(folder, ".vc-config.json"), folder);
  if (!resolved?.status.isFile()) {
    throw new HandlerMissingError(`Function ${shown} has no .vc-config.json`, {
      hint: "Build again; every `.func` folder needs its settings.",
    });
  }
  const read = <Schema extends z.ZodType>(schema: Schema) =>
    readJson(resolved.path, resolved.status.size, `${shown}/.vc-config.json`, schema);
  const { runtime } = read(z.object({ runtime: z.string() }));
  if (runtime === "edge") return readEdgeFunction(read(edgeConfig));
  if (!nodeRuntimes.has(runtime)) {
    throw new OutputUnsupportedError(`Function ${shown} asks for the runtime ${JSON.stringify(runtime)}`, {
      hint: `Supported are ${[...nodeRuntimes].join(", ")} and edge.`,
    });
  }
  const config = read(serverlessConfig);
  return withFiles(config.filePathMap, {
    kind: "node",
    runtime,
    handler: config.handler,
    memoryMb: config.memory ?? defaultMemoryMb,
    maxDurationS: durationS(config.maxDuration),
    environment: config.environment,
    shouldAddHelpers: config.shouldAddHelpers,
    shouldAddSourcemapSupport: config.shouldAddSourcemapSupport,
    useWebApi: config.useWebApi,
    supportsResponseStreaming:
      config.supportsResponseStreaming ?? config.experimentalResponseStreaming ?? false,
    ...(config.experimentalTriggers?.some(({ type }) => type === scheduleTrigger) && {
      scheduledOnly: true as const,
    }),
    awsLambdaHandler: Boolean(config.awsLambdaHandler),
    assets: [],
    wasm: [],
  });

  function readEdgeFunction(edge: z.output<typeof edgeConfig>): FunctionDraft {
    return withFiles(edge.filePathMap, {
      kind: "edge",
      runtime: edgeHostRuntime,
      handler: edge.entrypoint,
      memoryMb: edge.memory ?? defaultMemoryMb,
      maxDurationS: durationS(edge.maxDuration),
      environment: edge.environment,
      shouldAddHelpers: false,
      shouldAddSourcemapSupport: false,
      useWebApi: true,
      supportsResponseStreaming: true,
      awsLambdaHandler: false,
      assets: edge.assets,
      wasm: [...edge.wasm, ...edge.wasmAssets],
    });
  }

  function withFiles(
    filePathMap: Record<string, string> | undefined,
    draft: Omit<FunctionDraft, "entries">,
  ): FunctionDraft {
    const entries = collectTree(resolver, folder, project, filePathMap);
    requireFile(entries, shown, draft.handler, "handler");
    for (const { name, path } of [...draft.assets, ...draft.wasm]) {
      requireFile(entries, shown, path, `asset ${JSON.stringify(name)}`);
    }
    return { ...draft, entries };
  }
}

function durationS(value: number | "max" | undefined): number {
  return value === "max" ? longestDurationS : (value ?? defaultDurationS);
}

/** A link counts as there when a link or file stands at each step of its way; where it leads was checked before. */
function requireFile(entries: TreeEntry[], shown: string, path: string, role: string): void {
  const present =
    isPlainRelativePath(path) &&
    entries.some((entry) => entry.path === path || ("symlink" in entry && path.startsWith(`${entry.path}/`)));
  if (present) return;
  throw new HandlerMissingError(`Function ${shown} lacks its ${role}: the file ${JSON.stringify(path)}`, {
    hint: "Build again; the file must be in the `.func` folder or named by its `filePathMap`.",
  });
}

function readPrerender(
  resolver: InsideResolver,
  root: string,
  name: string,
  path: string,
  sizeBytes: number,
): PrerenderDraft {
  const config = readJson(path, sizeBytes, `functions/${name}`, prerenderConfig);
  if (config.fallback === undefined || config.fallback === null) return { config, fallback: undefined };
  const reference = typeof config.fallback === "string" ? { fsPath: config.fallback } : config.fallback;
  const beside = join(root, name, "..", reference.fsPath);
  const resolved = existsSync(beside) ? resolver.resolve(beside, root) : undefined;
  if (!resolved?.status.isFile()) {
    throw new OutputInvalidError(
      `functions/${name} names the fallback ${JSON.stringify(reference.fsPath)}, which does not exist`,
      { hint: "Build again." },
    );
  }
  const contentType =
    "contentType" in reference && typeof reference.contentType === "string"
      ? reference.contentType
      : undefined;
  return { config, fallback: { path: resolved.path, contentType } };
}
