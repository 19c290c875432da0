import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { dirname } from "node:path";
import {
  artifactFilePath,
  type BuildOutput,
  type DeploymentId,
  type FileHash,
  type FunctionId,
  type FunctionSpec,
  type HomeLayout,
  type OutputId,
  outputPath,
  type Prerender,
  type Route,
  type ServedDeployment,
  type StaticFile,
} from "@evenkeel/model";

export interface TestApp {
  id: string;
  app?: string;
  environment?: ServedDeployment["environment"];
  routes?: Route[];
  /** Contents by key. */
  files?: Record<string, string>;
  /** By key. */
  functions?: Record<string, RequestListener | "fails to start">;
  prerenders?: Record<string, TestPrerender>;
  /** Default 60. */
  maxDurationS?: number;
  createdAtMs?: number;
}

export type TestPrerender = Partial<Omit<Prerender, "fallback">> & {
  fallback?: string;
  fallbackType?: string;
};

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

export const functionId = (deployment: string, key: string): FunctionId =>
  hashOf(`${deployment} ${key}`) as FunctionId;

/** Puts an app into the artifact store as a build would. */
export function writeTestOutput(layout: HomeLayout, app: TestApp): OutputId {
  const write = (text: string, contentType: string): StaticFile => {
    const hash = hashOf(text) as FileHash;
    const path = artifactFilePath(layout, hash);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return { hash, sizeBytes: Buffer.byteLength(text), contentType };
  };
  const keys = Object.keys(app.functions ?? {});
  const ids = keys.map((key) => functionId(app.id, key));
  const content: Omit<BuildOutput, "id" | "formatVersion"> = {
    routes: app.routes ?? [],
    files: mapValues(app.files, (text, key) => write(text, typeOf(key))),
    functions: Object.fromEntries(keys.map((key, index) => [key, ids[index]!])),
    functionsById: Object.fromEntries(ids.map((id) => [id, functionSpec(id, app.maxDurationS ?? 60)])),
    prerenders: mapValues(app.prerenders, ({ fallback, fallbackType, ...given }) => ({
      expiration: false,
      passQuery: false,
      exposeErrBody: false,
      partialFallback: false,
      ...given,
      ...(fallback !== undefined && {
        fallback: write(fallback, fallbackType ?? "text/html; charset=utf-8"),
      }),
    })),
    crons: [],
    sizeBytes: 0,
  };
  const id = hashOf(JSON.stringify([app.id, content])) as OutputId;
  writeFileSync(
    outputPath(layout, id),
    JSON.stringify({ formatVersion: 1, id, ...content } satisfies BuildOutput),
  );
  return id;
}

export const servedDeployment = (app: TestApp, output: OutputId): ServedDeployment => ({
  id: app.id as DeploymentId,
  app: (app.app ?? "shop") as ServedDeployment["app"],
  environment: app.environment ?? "production",
  output,
  host: `${app.app ?? "shop"}-${app.id}.localhost`,
  createdAtMs: app.createdAtMs ?? Date.now(),
  maxInstances: 10,
});

const mapValues = <From, To>(values: Record<string, From> = {}, to: (value: From, key: string) => To) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, to(value, key)]));

const functionSpec = (id: FunctionId, maxDurationS: number): FunctionSpec => ({
  id,
  kind: "node",
  runtime: "nodejs24.x",
  handler: "index.js",
  tree: [],
  memoryMb: 128,
  maxDurationS,
  environment: {},
  shouldAddHelpers: false,
  shouldAddSourcemapSupport: false,
  useWebApi: false,
  supportsResponseStreaming: true,
  awsLambdaHandler: false,
  assets: [],
  wasm: [],
});

const typeOf = (key: string): string =>
  key.endsWith(".js") ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8";
