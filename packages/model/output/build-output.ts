import type { FileHash, FunctionId, OutputId } from "../ids.ts";
import type { ImagesConfig } from "./images-config.ts";
import type { Route } from "./route.ts";
import type { Services } from "./services.ts";

/**
 * One build, immutable, as the artifact store keeps it (`artifacts/outputs/<id>.json`). It is Vercel's Build
 * Output API v3 (https://vercel.com/docs/build-output-api/v3) read, checked and made content-addressed:
 * nothing in it points to the place where it was built.
 *
 * Request paths ("keys" of `files`, `functions`, `prerenders`) have no leading slash and are as Build Output
 * writes them: `index.html`, `_next/static/chunks/a.js`, `api/hello`, `index`. `overrides` of `config.json`
 * are already applied: a file overridden to path `about` has the key `about`.
 */
export interface BuildOutput {
  formatVersion: 1;
  id: OutputId;
  /** `config.json`'s `framework`, where the builder named one. */
  framework?: { slug?: string; version?: string };
  /** `config.json`'s `routes` in their order, validated. */
  routes: Route[];
  files: Record<string, StaticFile>;
  /** Request path → function. Several paths share one function when Build Output links them. */
  functions: Record<string, FunctionId>;
  functionsById: Record<FunctionId, FunctionSpec>;
  /** Request path → prerender; the function of the same path renders it again. */
  prerenders: Record<string, Prerender>;
  images?: ImagesConfig;
  wildcard?: { domain: string; value: string }[];
  /** `crons` of `config.json`. */
  crons: { path: string; schedule: string }[];
  /** `schedules` of `config.json`, which follow `crons`: https://vercel.com/docs/schedules/configuration */
  schedules?: Schedule[];
  /** The app's `env.ts`, bundled: a Standard Schema of the environment. */
  envSchema?: StoredFile & { name: string };
  /** Processes of its Procfile; absent: it has none. What neither file nor function answers goes to `web`. */
  services?: Services;
  /** Sum over distinct files. */
  sizeBytes: number;
}

export interface Schedule {
  name: string;
  /** Cron expression of five fields. */
  cron: string;
  /** IANA; default UTC. */
  timezone?: string;
  /** A run begins up to this many minutes after its time. */
  jitterMinutes?: number;
  target: { path: string; method?: string } | { function: string } | { topic: string };
}

/** Bytes in the artifact store: `artifacts/files/<first two characters>/<hash>`. */
export interface StoredFile {
  hash: FileHash;
  sizeBytes: number;
}

export interface StaticFile extends StoredFile {
  /** From `overrides`, else from the file's extension; without parameters unless text (`; charset=utf-8`). */
  contentType: string;
  /** Precompressed at import; present only where at least 5 % smaller. */
  encodings?: Partial<Record<ContentCoding, StoredFile>>;
}

export type ContentCoding = "br" | "zstd" | "gzip";

export interface FunctionSpec {
  id: FunctionId;
  /** `node`: a Node process loads it. `edge`: an Edge runtime module, run in a Node process. */
  kind: "node" | "edge";
  /** `nodejs20.x`, `nodejs22.x`, `nodejs24.x`, `bun1.x`; for `edge` the Node that hosts it. */
  runtime: string;
  /** Path of the entry file inside the tree. */
  handler: string;
  /** Files of the function, materialised by hard links at `artifacts/trees/<id>/`. */
  tree: FunctionFile[];
  memoryMb: number;
  maxDurationS: number;
  /** Only what `.vc-config.json` itself declares; the deployment's variables come on top. */
  environment: Record<string, string>;
  /** `(req, res)` helpers of `@vercel/node`: `req.query`, `res.json`, ... */
  shouldAddHelpers: boolean;
  shouldAddSourcemapSupport: boolean;
  /** The handler is Web standard even if its exports do not show it (middleware). */
  useWebApi: boolean;
  supportsResponseStreaming: boolean;
  /** Nobody but the scheduler may call it: it has the trigger `schedule/v1beta`. */
  scheduledOnly?: true;
  /** Exports an AWS Lambda handler. */
  awsLambdaHandler: boolean;
  /** `edge`: WASM modules and other assets by name, paths inside the tree. */
  assets: { name: string; path: string }[];
  wasm: { name: string; path: string }[];
}

export type FunctionFile =
  | { path: string; hash: FileHash; sizeBytes: number; executable: boolean }
  | { path: string; symlink: string };

/** https://vercel.com/docs/build-output-api/v3/primitives#prerender-configuration-file */
export interface Prerender {
  /** Seconds after which it is rendered again; `false`: never. */
  expiration: number | false;
  /** Seconds after which a stale answer is no longer given. */
  staleExpiration?: number;
  /** Prerenders of the same number are rendered again together. */
  group?: number;
  bypassToken?: string;
  bypassFor?: BypassRule[];
  fallback?: StaticFile;
  initialStatus?: number;
  initialHeaders?: Record<string, string>;
  /** `undefined`: every query parameter is part of the key; `[]`: none. */
  allowQuery?: string[];
  allowHeader?: string[];
  passQuery: boolean;
  sourcePath?: string;
  exposeErrBody: boolean;
  partialFallback: boolean;
  /** Next.js PPR: see its chain of a static shell and a dynamic rest. */
  chain?: { outputPath: string; headers: Record<string, string> };
  experimentalBypassFor?: BypassRule[];
}

export interface BypassRule {
  type: "header" | "cookie" | "query" | "host";
  key?: string;
  value?: unknown;
}
