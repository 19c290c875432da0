import { z } from "zod";

/**
 * `config.json` of the Build Output API v3 (https://vercel.com/docs/build-output-api/v3/configuration). Keys that it does not
 * name pass by: builders add ones of their own.
 */
const operators = z.object({
  eq: z.union([z.string(), z.number()]).optional(),
  neq: z.string().optional(),
  inc: z.array(z.string()).optional(),
  ninc: z.array(z.string()).optional(),
  pre: z.string().optional(),
  suf: z.string().optional(),
  re: z.string().optional(),
  gt: z.number().optional(),
  gte: z.number().optional(),
  lt: z.number().optional(),
  lte: z.number().optional(),
});

const condition = z.discriminatedUnion("type", [
  z.object({ type: z.literal("host"), value: z.union([z.string(), operators]) }),
  z.object({
    type: z.enum(["header", "cookie", "query"]),
    key: z.string(),
    value: z.union([z.string(), operators]).optional(),
  }),
]);

const transform = z.discriminatedUnion("type", [
  z.object({
    type: z.enum(["request.headers", "request.query", "response.headers"]),
    op: z.enum(["append", "set", "delete"]),
    target: z.object({ key: z.union([z.string(), operators]) }),
    args: z.union([z.string(), z.array(z.string())]).optional(),
    env: z.array(z.string()).optional(),
  }),
  // Not in the documentation yet; Vercel's builders write it for Express, Hono and other servers, and this is their schema.
  z.object({
    type: z.literal("request.path"),
    op: z.literal("set"),
    args: z.string().regex(/^\/(?!\/)[^?#\s\x00-\x1f\x7f]*$/, "a path without query"),
    env: z.array(z.string()).optional(),
  }),
]);

export const handlerRoute = z.object({
  handle: z.enum(["rewrite", "filesystem", "resource", "miss", "hit", "error"]),
});

export const sourceRoute = z.object({
  src: z.string(),
  dest: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  methods: z.array(z.string()).optional(),
  continue: z.boolean().optional(),
  override: z.boolean().optional(),
  caseSensitive: z.boolean().optional(),
  check: z.boolean().optional(),
  important: z.boolean().optional(),
  status: z.number().int().min(100).max(999).optional(),
  has: z.array(condition).optional(),
  missing: z.array(condition).optional(),
  locale: z
    .object({ redirect: z.record(z.string(), z.string()).optional(), cookie: z.string().optional() })
    .optional(),
  middlewarePath: z.string().optional(),
  middlewareRawSrc: z.array(z.string()).optional(),
  middleware: z.number().optional(),
  transforms: z.array(transform).optional(),
  mitigate: z.object({ action: z.string() }).optional(),
});

const remotePattern = z.object({
  protocol: z.enum(["http", "https"]).optional(),
  hostname: z.string(),
  port: z.string().optional(),
  pathname: z.string().optional(),
  search: z.string().optional(),
});

const images = z.object({
  sizes: z.array(z.number().int().positive()),
  domains: z.array(z.string()).default([]),
  remotePatterns: z.array(remotePattern).optional(),
  localPatterns: z
    .array(z.object({ pathname: z.string().optional(), search: z.string().optional() }))
    .optional(),
  qualities: z.array(z.number()).optional(),
  minimumCacheTTL: z.number().optional(),
  formats: z.array(z.enum(["image/avif", "image/webp"])).optional(),
  dangerouslyAllowSVG: z.boolean().optional(),
  contentSecurityPolicy: z.string().optional(),
  contentDispositionType: z.string().optional(),
});

const scheduleTarget = z.union([
  z.object({ path: z.string(), method: z.string().optional() }),
  z.object({ function: z.string() }),
  z.object({ topic: z.string() }),
]);

/** An array in what the pinned CLI writes, an object by name in the documentation. */
const schedules = z
  .union([
    z.array(
      z.object({
        name: z.string(),
        expression: z.object({ cron: z.string(), jitter: z.number().optional() }),
        timezone: z.string().optional(),
        target: scheduleTarget,
      }),
    ),
    z.record(
      z.string(),
      z.object({
        schedule: z.string(),
        jitter: z.number().optional(),
        timezone: z.string().optional(),
        path: z.string().optional(),
        requestMethod: z.string().optional(),
        function: z.string().optional(),
        topic: z.string().optional(),
      }),
    ),
  ])
  .transform((value) => {
    const list = Array.isArray(value)
      ? value
      : Object.entries(value).map(([name, { schedule, jitter, timezone, requestMethod, ...target }]) => ({
          name,
          expression: { cron: schedule, jitter },
          timezone,
          target: { ...target, method: requestMethod },
        }));
    return list.map(({ name, expression, timezone, target }) => ({
      name,
      cron: expression.cron,
      ...(timezone !== undefined && { timezone }),
      ...(expression.jitter !== undefined && { jitterMinutes: expression.jitter }),
      target,
    }));
  })
  .pipe(
    z.array(
      z.object({
        name: z.string(),
        cron: z.string(),
        timezone: z.string().optional(),
        jitterMinutes: z.number().optional(),
        target: scheduleTarget,
      }),
    ),
  );

export const configSchema = z.object({
  version: z.literal(3),
  routes: z.array(z.unknown()).nullish(),
  images: images.optional(),
  wildcard: z.array(z.object({ domain: z.string(), value: z.string() })).optional(),
  overrides: z
    .record(z.string(), z.object({ path: z.string().optional(), contentType: z.string().optional() }))
    .optional(),
  framework: z.object({ slug: z.string().optional(), version: z.string().optional() }).optional(),
  crons: z.array(z.object({ path: z.string(), schedule: z.string() })).optional(),
  schedules: schedules.optional(),
});

const asset = z.object({ name: z.string(), path: z.string() });
const filePathMap = z.record(z.string(), z.string()).optional();
const environment = z.record(z.string(), z.string()).default({});
const maxDuration = z.union([z.number().positive(), z.literal("max")]).optional();

/** `.vc-config.json`: https://vercel.com/docs/build-output-api/v3/primitives#serverless-function-configuration */
export const serverlessConfig = z.object({
  runtime: z.string(),
  handler: z.string(),
  memory: z.number().positive().optional(),
  maxDuration,
  environment,
  filePathMap,
  shouldAddHelpers: z.boolean().default(false),
  shouldAddSourcemapSupport: z.boolean().default(false),
  useWebApi: z.boolean().default(false),
  supportsResponseStreaming: z.boolean().optional(),
  experimentalResponseStreaming: z.boolean().optional(),
  awsLambdaHandler: z.union([z.string(), z.boolean()]).default(false),
  experimentalTriggers: z.array(z.object({ type: z.string() })).optional(),
});

/** https://vercel.com/docs/build-output-api/v3/primitives#edge-function-configuration */
export const edgeConfig = z.object({
  runtime: z.literal("edge"),
  entrypoint: z.string(),
  memory: z.number().positive().optional(),
  maxDuration,
  environment,
  filePathMap,
  assets: z.array(asset).default([]),
  wasm: z.array(asset).default([]),
  wasmAssets: z.array(asset).default([]),
});

const bypassRule = z.object({
  type: z.enum(["header", "cookie", "query", "host"]),
  key: z.string().optional(),
  value: z.unknown().optional(),
});

/** `*.prerender-config.json`; Vercel's own builders write the fallback as a file reference, the documentation as a name. */
export const prerenderConfig = z.object({
  expiration: z.union([z.number().nonnegative(), z.literal(false)]).default(false),
  staleExpiration: z.number().nonnegative().nullish(),
  group: z.number().nullish(),
  bypassToken: z.string().nullish(),
  bypassFor: z.array(bypassRule).nullish(),
  experimentalBypassFor: z.array(bypassRule).nullish(),
  fallback: z
    .union([z.string(), z.object({ fsPath: z.string(), contentType: z.string().optional() })])
    .nullish(),
  initialStatus: z.number().int().min(100).max(599).nullish(),
  initialHeaders: z.record(z.string(), z.string()).nullish(),
  allowQuery: z.array(z.string()).nullish(),
  allowHeader: z.array(z.string()).nullish(),
  passQuery: z.boolean().nullish(),
  sourcePath: z.string().nullish(),
  exposeErrBody: z.boolean().nullish(),
  partialFallback: z.boolean().nullish(),
  chain: z.object({ outputPath: z.string(), headers: z.record(z.string(), z.string()) }).nullish(),
});
