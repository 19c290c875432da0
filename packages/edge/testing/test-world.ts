import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type AppName,
  artifactFilePath,
  type BuildOutput,
  type DeploymentId,
  type EdgeMeasure,
  type EdgeToHost,
  emptyServingState,
  type FeedFromControl,
  type FeedToControl,
  type FileHash,
  type FunctionId,
  type FunctionSpec,
  type HostToEdge,
  homeLayout,
  type InstanceId,
  type OutputId,
  outputPath,
  type Prerender,
  type Route,
  type ServedDeployment,
  type ServingChange,
  type StaticFile,
} from "@evenkeel/model";
import { listenForMessages, type MessageConnection } from "@evenkeel/wire";
import { Edge, type EdgeOptions } from "../edge.ts";
import { until } from "./until.ts";

export interface TestApp {
  id: string;
  app?: string;
  environment?: ServedDeployment["environment"];
  routes?: Route[];
  /** Contents by key. */
  files?: Record<string, string>;
  /** By key. */
  functions?: Record<string, RequestListener | "fails to start">;
  prerenders?: Record<
    string,
    Partial<Omit<Prerender, "fallback">> & { fallback?: string; fallbackType?: string }
  >;
  maxDurationS?: number;
  createdAtMs?: number;
}

export interface TestAnswer {
  status: number;
  headers: Record<string, string | undefined>;
  text: string;
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A home with real edges, a control plane and a host that speak the real protocols, and functions that are real HTTP servers. */
export class TestWorld {
  readonly folder = mkdtempSync(join(tmpdir(), "ek-w-"));
  readonly layout = homeLayout(this.folder);
  readonly measures: EdgeMeasure[] = [];
  readonly edges: Edge[] = [];
  /** Messages of edges to the host. */
  readonly heard: EdgeToHost[] = [];
  private readonly state = emptyServingState();
  private readonly subscribers = new Map<MessageConnection<FeedToControl, FeedFromControl>, number>();
  private readonly links = new Set<MessageConnection<EdgeToHost, HostToEdge>>();
  private readonly listeners = new Map<FunctionId, RequestListener | "fails to start">();
  private readonly instances = new Map<
    string,
    { server: Server; running: Extract<HostToEdge, { type: "instance" }> }
  >();
  private readonly stops: (() => unknown)[] = [];
  private readonly servers = new Map<string, Server>();
  private count = 0;
  private keepOutputs = false;

  constructor() {
    for (const folder of [
      this.layout.run,
      this.layout.serving,
      this.layout.artifactOutputs,
      this.layout.instanceSockets,
    ]) {
      mkdirSync(folder, { recursive: true });
    }
    this.startControl();
    this.startHost();
  }

  startControl(): { stop(): void } {
    const server = listenForMessages<FeedToControl, FeedFromControl>(this.layout.feedSocket, (connection) => {
      this.subscribers.set(connection, 0);
      connection.onClose = () => this.subscribers.delete(connection);
      connection.onMessage = (message) => {
        if (message.type === "hello") connection.send({ type: "snapshot", state: this.state });
        else if (message.type === "ack") this.subscribers.set(connection, message.version);
        else this.measures.push(...message.measures);
      };
    });
    this.stops.push(() => server.stop());
    return server;
  }

  startEdge(options: Partial<EdgeOptions> = {}): Edge {
    const edge = new Edge({
      layout: this.layout,
      name: `edge-${this.edges.length}`,
      domain: "localhost",
      address: "127.0.0.1",
      port: 0,
      ...options,
    });
    this.edges.push(edge);
    return edge;
  }

  /** Deploys an app after something was done to its stored output. */
  async put(app: TestApp, meanwhile: (output: OutputId) => void): Promise<void> {
    meanwhile(this.writeOutput(app));
    this.keepOutputs = true;
    await this.deploy(app);
    this.keepOutputs = false;
  }

  /** Deploys an app and points `hosts` at it; returns when every edge has acknowledged. */
  async deploy(
    app: TestApp,
    hosts: string[] = [`${app.app ?? "shop"}.localhost`],
    previous: string[] = [],
  ): Promise<void> {
    const output = this.writeOutput(app);
    const deployment: ServedDeployment = {
      id: app.id as DeploymentId,
      app: (app.app ?? "shop") as AppName,
      environment: app.environment ?? "production",
      output,
      host: `${app.app ?? "shop"}-${app.id}.localhost`,
      createdAtMs: app.createdAtMs ?? Date.now(),
      maxInstances: 10,
    };
    await this.change([
      { put: "deployment", deployment },
      ...hosts.map(
        (host): ServingChange => ({
          put: "alias",
          alias: { host, deployment: deployment.id, previous: previous as DeploymentId[] },
        }),
      ),
    ]);
  }

  async change(changes: ServingChange[]): Promise<void> {
    const entry = { version: this.state.version + 1, changes };
    for (const change of changes) {
      if ("put" in change && change.put === "deployment")
        this.state.deployments[change.deployment.id] = change.deployment;
      else if ("put" in change) this.state.aliases[change.alias.host] = change.alias;
      else if (change.remove === "alias") delete this.state.aliases[change.host];
      else delete this.state.deployments[change.id];
    }
    this.state.version = entry.version;
    for (const subscriber of this.subscribers.keys()) subscriber.send({ type: "entries", entries: [entry] });
    await until(
      () =>
        this.subscribers.size >= this.edges.length &&
        [...this.subscribers.values()].every((version) => version >= entry.version),
    );
  }

  /** Asks an edge as a client would. `target` goes as it is. */
  get(
    host: string,
    target: string,
    init: {
      method?: string;
      headers?: Record<string, string>;
      body?: string | Uint8Array;
      edge?: number;
    } = {},
  ): Promise<TestAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<TestAnswer>();
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: this.edges[init.edge ?? 0]!.port,
        path: target,
        method: init.method ?? "GET",
        headers: { host, ...init.headers },
        agent: false,
      },
      (answer) => {
        readAll(answer).then(
          (text) => resolve({ status: answer.statusCode!, headers: flat(answer), text }),
          reject,
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(init.body);
    return promise;
  }

  /** Ends an instance as a crash would: its connections break and the host tells it. */
  crash(key: string): void {
    for (const [id, { server, running }] of this.instances) {
      if (running.instance.function !== functionId(running.instance.deployment, key)) continue;
      server.closeAllConnections();
      server.close();
      this.instances.delete(id);
      for (const link of this.links) link.send({ type: "gone", instance: running.instance.id });
    }
  }

  /** Ends an instance without the host telling it. */
  loseSilently(key: string): void {
    for (const [id, { server, running }] of this.instances) {
      if (running.instance.function !== functionId(running.instance.deployment, key)) continue;
      server.closeAllConnections();
      server.close();
      rmSync(running.instance.socketPath, { force: true });
      this.instances.delete(id);
    }
  }

  /** Lets `server` answer for a function instead of its listener. */
  useServer(key: string, server: Server): void {
    this.servers.set(key, server);
  }

  /** Control and host go away; edges and instances stay. */
  async stopServices(): Promise<void> {
    for (const stop of this.stops.splice(0)) await stop();
  }

  instanceCount(): number {
    return this.instances.size;
  }

  async stop(): Promise<void> {
    for (const edge of this.edges) await edge.stop(0);
    await this.stopServices();
    for (const { server } of this.instances.values()) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private startHost(): void {
    const server = listenForMessages<EdgeToHost, HostToEdge>(this.layout.hostSocket, (connection) => {
      this.links.add(connection);
      connection.onClose = () => this.links.delete(connection);
      connection.onMessage = (message) => {
        this.heard.push(message);
        if (message.type === "hello") {
          for (const { running } of this.instances.values()) connection.send(running);
        } else if (message.type === "need" && message.waiting > 0)
          this.startInstance(message.deployment, message.function);
      };
    });
    this.stops.push(() => server.stop());
  }

  private startInstance(deployment: DeploymentId, fn: FunctionId): void {
    const known = [...this.instances.values()].some(({ running }) => running.instance.function === fn);
    const listener = this.listeners.get(fn);
    if (known) return;
    if (listener === undefined || listener === "fails to start") {
      const error = { code: "function_import_failed", message: "Cannot find module './missing.js'" };
      for (const link of this.links) link.send({ type: "failed", deployment, function: fn, error });
      return;
    }
    const id = `${deployment}-${(this.count++).toString(36)}` as InstanceId;
    const socketPath = join(this.layout.instanceSockets, `${id}.sock`);
    const own = [...this.servers].find(([key]) => functionId(deployment, key) === fn)?.[1];
    const server = own ?? createServer(listener);
    const running = { type: "instance", instance: { id, deployment, function: fn, socketPath } } as const;
    this.instances.set(id, { server, running });
    server.listen(socketPath, () => {
      for (const link of this.links) link.send(running);
    });
  }

  private writeOutput(app: TestApp): OutputId {
    const files: Record<string, StaticFile> = {};
    for (const [key, text] of Object.entries(app.files ?? {})) files[key] = this.writeFile(text, typeOf(key));
    const functions: Record<string, FunctionId> = {};
    const functionsById: Record<string, FunctionSpec> = {};
    for (const [key, listener] of Object.entries(app.functions ?? {})) {
      const id = functionId(app.id as DeploymentId, key);
      functions[key] = id;
      functionsById[id] = functionSpec(id, app.maxDurationS ?? 60);
      this.listeners.set(id, listener);
    }
    const prerenders: Record<string, Prerender> = {};
    for (const [key, { fallback, fallbackType, ...given }] of Object.entries(app.prerenders ?? {})) {
      prerenders[key] = {
        expiration: false,
        passQuery: false,
        exposeErrBody: false,
        partialFallback: false,
        ...given,
        ...(fallback !== undefined && {
          fallback: this.writeFile(fallback, fallbackType ?? "text/html; charset=utf-8"),
        }),
      };
    }
    const content = {
      routes: app.routes ?? [],
      files,
      functions,
      functionsById,
      prerenders,
      crons: [],
      sizeBytes: 0,
    };
    const id = hashOf(JSON.stringify([app.id, content])) as OutputId;
    const output: BuildOutput = { formatVersion: 1, id, ...content };
    if (!this.keepOutputs) writeFileSync(outputPath(this.layout, id), JSON.stringify(output));
    return id;
  }

  private writeFile(text: string, contentType: string): StaticFile {
    const hash = hashOf(text) as FileHash;
    const path = artifactFilePath(this.layout, hash);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return { hash, sizeBytes: Buffer.byteLength(text), contentType };
  }
}

const functionId = (deployment: DeploymentId, key: string): FunctionId =>
  hashOf(`${deployment} ${key}`) as FunctionId;

function functionSpec(id: FunctionId, maxDurationS: number): FunctionSpec {
  return {
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
  };
}

const typeOf = (key: string): string =>
  key.endsWith(".js") ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8";

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function flat(answer: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join("; ") : value,
    ]),
  );
}

/** The whole body of a request to a function of a test. */
export const bodyOf = (incoming: IncomingMessage): Promise<string> => readAll(incoming);
