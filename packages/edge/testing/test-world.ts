import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  applyServingEntry,
  type DeploymentId,
  emptyServingState,
  type FeedFromControl,
  type FeedToControl,
  type FromSignals,
  homeLayout,
  type OutputId,
  type ServingChange,
  type SignalSample,
  type ToSignals,
} from "@evenkeel/model";
import { listenForMessages, type MessageConnection } from "@evenkeel/wire";
import { Edge, type EdgeOptions } from "../edge.ts";
import { servedDeployment, type TestApp, writeTestOutput } from "./test-app.ts";
import { TestHost } from "./test-host.ts";
import { until } from "./until.ts";

export interface TestAnswer {
  status: number;
  headers: Record<string, string | undefined>;
  text: string;
}

export interface TestRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Index of the edge; default 0. */
  edge?: number;
}

/** A home with real edges, a control plane and a host that speak the real protocols, and functions that are real HTTP servers. */
export class TestWorld {
  readonly folder = mkdtempSync(join(tmpdir(), "ek-w-"));
  readonly layout = homeLayout(this.folder);
  /** What edges told to the process of signals, of which this is all that is here. */
  readonly samples: SignalSample[] = [];
  readonly edges: Edge[] = [];
  readonly host: TestHost;
  private readonly state = emptyServingState();
  private readonly subscribers = new Map<MessageConnection<FeedToControl, FeedFromControl>, number>();
  private readonly feed: { stop(): void };
  private readonly signals: { stop(): void };

  constructor() {
    const { run, serving, artifactOutputs, instanceSockets } = this.layout;
    for (const folder of [run, serving, artifactOutputs, instanceSockets])
      mkdirSync(folder, { recursive: true });
    this.host = new TestHost(this.layout);
    this.feed = listenForMessages<FeedToControl, FeedFromControl>(this.layout.feedSocket, (connection) => {
      this.subscribers.set(connection, 0);
      connection.onClose = () => this.subscribers.delete(connection);
      connection.onMessage = (message) => {
        if (message.type === "hello") connection.send({ type: "snapshot", state: this.state });
        else this.subscribers.set(connection, message.version);
      };
    });
    this.signals = listenForMessages<ToSignals, FromSignals>(this.layout.signalsSocket, (connection) => {
      connection.onMessage = (message) => {
        if (message.type === "batch") this.samples.push(...message.samples);
        connection.send({ type: "ack", seq: message.type === "batch" ? message.seq : 0 });
      };
    });
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

  /**
   * Deploys an app and points `hosts` at it; returns when every edge has acknowledged.
   *
   * @param onStored called between the output's coming into the store and the deployment's being served.
   */
  async deploy(
    app: TestApp,
    hosts: string[] = [`${app.app ?? "shop"}.localhost`],
    previous: string[] = [],
    onStored: (output: OutputId) => void = () => {},
  ): Promise<void> {
    this.host.know(app);
    const output = writeTestOutput(this.layout, app);
    onStored(output);
    const deployment = servedDeployment(app, output);
    const aliases = hosts.map((host) => ({
      host,
      deployment: deployment.id,
      previous: previous as DeploymentId[],
    }));
    await this.change([
      { put: "deployment", deployment },
      ...aliases.map((alias): ServingChange => ({ put: "alias", alias })),
    ]);
  }

  async change(changes: ServingChange[]): Promise<void> {
    const entry = { version: this.state.version + 1, changes };
    applyServingEntry(this.state, entry);
    for (const subscriber of this.subscribers.keys()) subscriber.send({ type: "entries", entries: [entry] });
    await until(
      () =>
        this.subscribers.size >= this.edges.length &&
        [...this.subscribers.values()].every((version) => version >= entry.version),
    );
  }

  /** Asks an edge as a client would. `target` goes as it is. */
  get(host: string, target: string, init: TestRequest = {}): Promise<TestAnswer> {
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
        bodyOf(answer).then(
          (text) => resolve({ status: answer.statusCode!, headers: flat(answer), text }),
          reject,
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(init.body);
    return promise;
  }

  /** Control and host go away; edges and instances stay. */
  stopServices(): void {
    this.feed.stop();
    this.host.leave();
  }

  async stop(): Promise<void> {
    for (const edge of this.edges) await edge.stop(0);
    this.feed.stop();
    this.signals.stop();
    this.host.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A whole body as text. */
export async function bodyOf(incoming: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const flat = (answer: IncomingMessage): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join("; ") : value,
    ]),
  );
