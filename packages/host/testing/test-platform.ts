import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { entriesOf } from "@evenkeel/disk";
import { appLogFolder } from "@evenkeel/logs";
import { parseTail } from "@evenkeel/logs/store/tail-file";
import {
  type AppName,
  type ControlToHost,
  type DeploymentId,
  type FeedFromControl,
  type FeedToControl,
  type FunctionId,
  functionTreePath,
  type HostedDeployment,
  type HostToControl,
  homeLayout,
  type InstanceReport,
  newDeploymentId,
  type OutputId,
  outputPath,
  type ProcessReport,
  type ServingState,
  type SlugId,
  webFunction,
} from "@evenkeel/model";
import { connectForMessages, listenForMessages, type MessageConnection } from "@evenkeel/wire";
import type { HostedFunction } from "../agent/deployment-catalog.ts";
import { testNode } from "../launcher/testing/test-node.ts";
import { until } from "./until.ts";

export interface TestFunction {
  files: Record<string, string>;
  spec?: Partial<HostedFunction>;
  environment?: Record<string, string>;
  app?: string;
  maxInstances?: number;
}

export interface TestServices {
  processes: Record<string, string>;
  files?: Record<string, string>;
  formation?: Record<string, number>;
  environment?: Record<string, string>;
  app?: string;
}

export interface TestDeployment {
  id: DeploymentId;
  function: FunctionId;
  app: AppName;
}

/** A data directory with a real host process, and the test as its control and its edge. */
export class TestPlatform {
  readonly home = realpathSync(mkdtempSync(join(tmpdir(), "ek-host-")));
  readonly layout = homeLayout(this.home);
  readonly state: ServingState = { version: 0, deployments: {}, aliases: {} };
  readonly hosted = new Map<DeploymentId, HostedDeployment>();
  hostProcess: Bun.Subprocess | undefined;
  hostOutput = "";
  acknowledged = 0;
  private feed: { stop(): void } | undefined;
  private subscribers = new Set<MessageConnection<FeedToControl, FeedFromControl>>();

  constructor(private readonly environment: Record<string, string> = {}) {
    mkdirSync(this.layout.run, { recursive: true });
    mkdirSync(join(this.layout.toolchain, "node"), { recursive: true });
    symlinkSync(realpathSync(dirname(dirname(testNode()))), join(this.layout.toolchain, "node/24"));
    this.startFeed();
  }

  startFeed(): void {
    this.feed = listenForMessages<FeedToControl, FeedFromControl>(this.layout.feedSocket, (connection) => {
      connection.onMessage = (message) => {
        if (message.type === "ack") this.acknowledged = Math.max(this.acknowledged, message.version);
        if (message.type !== "hello") return;
        this.subscribers.add(connection);
        connection.onClose = () => this.subscribers.delete(connection);
        if (message.version < this.state.version) connection.send(this.snapshot());
      };
    });
  }

  stopFeed(): void {
    this.feed?.stop();
    this.feed = undefined;
    this.subscribers.clear();
  }

  async startHost(): Promise<void> {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "../main.ts")], {
      cwd: "/",
      env: { PATH: process.env["PATH"]!, EVENKEEL_HOME: this.home, ...this.environment },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.hostProcess = child;
    this.hostOutput = "";
    for (const stream of [child.stdout, child.stderr]) {
      void (async () => {
        const decoder = new TextDecoder();
        for await (const chunk of stream) this.hostOutput += decoder.decode(chunk, { stream: true });
      })();
    }
    await until(() => {
      if (child.exitCode !== null) throw new Error(`The host ended:\n${this.hostOutput}`);
      return this.hostOutput.includes('"ready":true');
    });
  }

  async stopHost(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.hostProcess;
    if (!child) return null;
    child.kill(signal);
    await child.exited;
    this.hostProcess = undefined;
    return child.exitCode;
  }

  /** Ends everything. What the host said is shown if it did not end in order. */
  async stop(): Promise<void> {
    // A host that was killed leaves mounts and processes to the next one.
    if (!this.hostProcess && readdirSync(this.layout.instanceSockets).length > 0) await this.startHost();
    const code = await this.stopHost();
    this.stopFeed();
    if (code !== 0 && code !== null) throw new Error(`The host ended with ${code}:\n${this.hostOutput}`);
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Makes the artifacts of a deployment with one function, and tells the host. */
  async deploy({
    files,
    spec,
    environment = {},
    app = "shop",
    maxInstances = 10,
  }: TestFunction): Promise<TestDeployment> {
    const id = newDeploymentId();
    const name = app as AppName;
    const fn = createHash("sha256")
      .update(JSON.stringify([files, spec]))
      .digest("hex") as FunctionId;
    const output = createHash("sha256").update(id).digest("hex") as OutputId;
    const tree = functionTreePath(this.layout, fn);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), content);
    }
    const whole: HostedFunction = {
      id: fn,
      kind: "node",
      runtime: "nodejs24.x",
      handler: Object.keys(files)[0]!,
      memoryMb: 1_024,
      maxDurationS: 10,
      environment: {},
      shouldAddHelpers: true,
      shouldAddSourcemapSupport: false,
      useWebApi: false,
      supportsResponseStreaming: true,
      awsLambdaHandler: false,
      assets: [],
      wasm: [],
      ...spec,
    };
    mkdirSync(this.layout.artifactOutputs, { recursive: true });
    writeFileSync(
      outputPath(this.layout, output),
      JSON.stringify({ functions: { index: fn }, functionsById: { [fn]: { ...whole, tree: [] } } }),
    );
    this.state.deployments[id] = {
      id,
      app: name,
      environment: "production",
      output,
      host: `${app}-${id}.localhost`,
      createdAtMs: Date.now(),
      maxInstances,
    };
    this.hosted.set(id, { id, app: name, environment, plain: [] });
    await this.publish();
    return { id, function: fn, app: name };
  }

  /** Makes the artifacts of a deployment with services alone, and tells the host. */
  async deployServices(wish: TestServices): Promise<TestDeployment> {
    const { processes, files = {}, formation = {}, environment = {}, app = "shop" } = wish;
    const id = newDeploymentId();
    const name = app as AppName;
    const slug = createHash("sha256").update(JSON.stringify(files)).digest("hex") as SlugId;
    const output = createHash("sha256").update(id).digest("hex") as OutputId;
    const tree = functionTreePath(this.layout, slug);
    mkdirSync(tree, { recursive: true });
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), content);
    }
    mkdirSync(this.layout.artifactOutputs, { recursive: true });
    const services = { slug, processes, folder: "", runtime: "nodejs24.x", tools: [], systemPackages: [] };
    writeFileSync(
      outputPath(this.layout, output),
      JSON.stringify({ functions: {}, functionsById: {}, services }),
    );
    this.state.deployments[id] = {
      ...{ id, app: name, environment: "production", output, host: `${app}-${id}.localhost` },
      ...{ createdAtMs: Date.now(), maxInstances: 10 },
      formation: Object.fromEntries(
        Object.keys(processes).map((type) => [type, { count: formation[type] ?? 0, memoryMb: 256 }]),
      ),
    };
    this.hosted.set(id, { id, app: name, environment, plain: [] });
    await this.publish();
    return { id, function: webFunction, app: name };
  }

  /** Points the app's production alias at it. */
  async release({ id, app }: TestDeployment): Promise<void> {
    const host = `${app}.localhost`;
    this.state.aliases[host] = { host, deployment: id, release: 1, previous: [] };
    await this.publish();
  }

  async scale({ id }: TestDeployment, formation: Record<string, number>): Promise<void> {
    const known = this.state.deployments[id]!.formation!;
    for (const [type, count] of Object.entries(formation)) known[type] = { ...known[type]!, count };
    await this.publish();
  }

  /** As control tells it when a runbook has scaled the memory of functions. */
  async giveMemory({ id }: TestDeployment, memory: { factor: number; mostMb: number }): Promise<void> {
    // A state of its own, as it comes over the wire.
    this.state.deployments[id] = { ...this.state.deployments[id]!, memory };
    await this.publish();
  }

  async processes(app = "shop"): Promise<ProcessReport[]> {
    return (await this.ask({ type: "processes", app: app as AppName })).processes!;
  }

  async remove(id: DeploymentId): Promise<void> {
    delete this.state.deployments[id];
    await this.publish();
  }

  /** A line of control's socket: one request, its reply. */
  async ask(
    request:
      | { type: "prepare" | "stop"; deployment: DeploymentId }
      | { type: "list" }
      | { type: "processes"; app: AppName }
      | { type: "restart"; app: AppName; environment: "production"; process?: string },
  ): Promise<Omit<HostToControl, "type" | "id">> {
    const connection = await connectForMessages<HostToControl, ControlToHost>(this.layout.hostSocket);
    const reply = Promise.withResolvers<HostToControl>();
    connection.onMessage = reply.resolve;
    connection.onClose = () => reply.reject(new Error("The host closed the connection"));
    connection.send({ type: "hello", role: "control" });
    connection.send({ ...request, id: 1 } as ControlToHost);
    try {
      return await reply.promise;
    } finally {
      connection.onClose = () => {};
      connection.close();
    }
  }

  async list(): Promise<InstanceReport[]> {
    return (await this.ask({ type: "list" })).instances!;
  }

  /** What its log holds: so few lines that none of them is packed yet. */
  logLines({ app, id }: TestDeployment): ReturnType<typeof parseTail> {
    return entriesOf(appLogFolder(this.layout, app)).flatMap(({ name }) =>
      name.endsWith(".tail")
        ? parseTail(readFileSync(join(appLogFolder(this.layout, app), name), "utf8")).filter(
            ({ deployment }) => deployment === id,
          )
        : [],
    );
  }

  private snapshot(): FeedFromControl {
    return { type: "snapshot", state: this.state, hosted: [...this.hosted.values()] };
  }

  private async publish(): Promise<void> {
    const version = ++this.state.version;
    if (!this.hostProcess || !this.feed) return;
    for (const connection of this.subscribers) connection.send(this.snapshot());
    await until(() => this.acknowledged >= version);
  }
}
