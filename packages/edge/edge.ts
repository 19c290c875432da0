import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { loadOrCreateKey } from "@evenkeel/disk";
import {
  artifactFilePath,
  type DeploymentId,
  type HomeLayout,
  type OutputId,
  type ServingChange,
  type SignalSample,
} from "@evenkeel/model";
import { SignalSender } from "@evenkeel/signals/client/signal-sender";
import { SpanSender } from "@evenkeel/telemetry/client/span-sender";
import { AnswerCache } from "./cache/answer-cache.ts";
import { openCacheDatabase } from "./cache/cache-database.ts";
import { startCacheService } from "./cache/cache-service.ts";
import { EntryStore } from "./cache/entry-store.ts";
import { SharedGeneration } from "./cache/shared-generation.ts";
import { TagLedger } from "./cache/tag-ledger.ts";
import { ConsolePages } from "./console/console-pages.ts";
import { FileServer } from "./files/file-server.ts";
import { FlagStreams } from "./flags/flag-streams.ts";
import { OfrepEndpoint } from "./flags/ofrep-endpoint.ts";
import type { Exchange } from "./http/exchange.ts";
import { type HttpServer, startHttpServer } from "./http/http-server.ts";
import { ImageService } from "./images/image-service.ts";
import { HostLink } from "./link/host-link.ts";
import { Measures } from "./measure/measures.ts";
import { PageCache } from "./prerender/page-cache.ts";
import { PageRenderer } from "./prerender/page-renderer.ts";
import { Dispatcher } from "./serve/dispatcher.ts";
import { FrontDoor } from "./serve/front-door.ts";
import { InternalRequests } from "./serve/internal-requests.ts";
import { type RequestState, stateOf } from "./serve/request-state.ts";
import { ResponseCache } from "./serve/response-cache.ts";
import { ServedSites } from "./serve/served-site.ts";
import { OutputCatalog } from "./state/output-catalog.ts";
import { ServingFeed } from "./state/serving-feed.ts";
import { ServingTable } from "./state/serving-table.ts";
import { TelemetryGate } from "./telemetry/telemetry-gate.ts";
import { edgeSpans, isNotable } from "./trace/edge-spans.ts";
import type { RequestTrace } from "./trace/request-trace.ts";

export interface EdgeOptions {
  layout: HomeLayout;
  /** `edge-0`; one live process per name, except for a moment while one replaces another. */
  name: string;
  /** The platform's own domain; requests for it go to the control plane. */
  domain: string;
  address: string;
  /** 0: any free one. Several edges share a port. */
  port: number;
  /** Memory for cached pages and answers; default 256 MiB. */
  cacheMemoryBytes?: number;
  /** Disk for rendered pages and data of all edges together; default 2 GiB. */
  cacheDiskBytes?: number;
  /** Whether requests are counted; default true. Only to measure what counting costs. */
  isMeasuring?: boolean;
}

/** While clients are told to connect anew, new connections are still taken: fewer would be lost to the closing listener only by luck. */
const farewellMs = 700;

/** One edge process: everything between the listening socket and the answers. */
export class Edge {
  private readonly table = new ServingTable();
  private readonly signals: SignalSender;
  private readonly measures: Measures;
  private readonly feed: ServingFeed;
  private readonly link: HostLink;
  private readonly catalog: OutputCatalog;
  private readonly pages: PageCache;
  private readonly responses: ResponseCache;
  private readonly flagStreams = new FlagStreams();
  private readonly spans: SpanSender;
  private readonly server: HttpServer;
  private readonly closers: (() => unknown)[] = [];

  constructor(private readonly options: EdgeOptions) {
    const { layout, name } = options;
    const memoryBytes = options.cacheMemoryBytes ?? 256 * 1024 * 1024;
    mkdirSync(layout.cache, { recursive: true });
    const database = openCacheDatabase(join(layout.cache, "edge.sqlite"), false);
    const durable = openCacheDatabase(join(layout.cache, "edge.sqlite"), true);
    const tags = new TagLedger(database, durable, new SharedGeneration(join(layout.cache, "generation")));
    const entries = new EntryStore(database, options.cacheDiskBytes ?? 2 * 1024 ** 3);
    const answers = new AnswerCache(memoryBytes);

    this.spans = new SpanSender(layout.telemetrySocket);
    this.signals = new SignalSender({ socketPath: layout.signalsSocket, origin: "edge", name });
    const onSecond = (samples: SignalSample[]) => this.signals.send(samples);
    this.measures = new Measures({
      edge: name,
      onSecond: options.isMeasuring === false ? undefined : onSecond,
    });
    this.catalog = new OutputCatalog(layout);
    this.link = new HostLink({ name, hostSocket: layout.hostSocket });
    this.pages = new PageCache(answers, entries, tags);
    this.responses = new ResponseCache(answers, tags);
    const renderer = new PageRenderer(this.link, this.pages);
    const internal = new InternalRequests(layout, this.catalog, this.link, renderer);
    const dispatcher = new Dispatcher({
      layout,
      scheduleKey: loadOrCreateKey(layout.scheduleKey),
      probeKey: loadOrCreateKey(layout.probeKey),
      table: this.table,
      catalog: this.catalog,
      sites: new ServedSites(this.measures),
      measures: this.measures,
      link: this.link,
      files: new FileServer({ filePath: (hash) => artifactFilePath(layout, hash) }),
      images: new ImageService({ cacheFolder: join(layout.cache, "images") }),
      pages: this.pages,
      renderer,
      responses: this.responses,
      internal,
    });
    this.feed = new ServingFeed({
      name,
      feedSocket: layout.feedSocket,
      statePath: join(layout.serving, `${name}.json`),
      table: this.table,
      onChanges: (changes) => this.follow(changes),
    });
    const service = startCacheService({
      socketsFolder: layout.cacheSockets,
      name: socketName(layout, name),
      key: loadOrCreateKey(layout.cacheKey),
      entries,
      tags,
      deployment: (id) => this.table.deployment(id),
      revalidatePath: (deployment, wish) => internal.revalidatePath(deployment, wish),
    });
    const door = new FrontDoor({
      domain: options.domain,
      controlSocket: layout.controlSocket,
      blobsSocket: layout.blobsSocket,
      statusPages: layout.statusPages,
      console: new ConsolePages(layout),
      table: this.table,
      dispatcher,
      flags: new OfrepEndpoint(this.table, this.flagStreams),
      telemetry: new TelemetryGate(this.table, layout.telemetrySocket),
      health: () => this.health(),
    });
    this.server = startHttpServer({
      listen: { port: options.port, hostname: options.address, reusePort: options.port !== 0 },
      handler: (exchange) => door.handle(exchange),
      onFinished: options.isMeasuring === false ? undefined : (exchange) => this.count(exchange),
      onError: (error, exchange) =>
        console.error(`edge: ${exchange.method} ${exchange.path} for ${exchange.host} failed:`, error),
    });
    this.closers.push(
      () => service.stop(),
      () => this.spans.stop(),
      () => this.measures.flush(),
      () => this.signals.stop(),
      () => this.link.stop(),
      () => this.feed.stop(),
      () => {
        database.close();
        durable.close();
      },
    );
  }

  get port(): number {
    return this.server.port;
  }

  /** Lets clients go to another edge, finishes what is in flight for at most `graceMs`, then closes everything. */
  async stop(graceMs: number): Promise<void> {
    this.flagStreams.end();
    if (graceMs > farewellMs) {
      this.server.beginDrain();
      await Bun.sleep(farewellMs);
    }
    await this.server.stop(Math.max(0, graceMs - farewellMs));
    for (const close of this.closers) await close();
  }

  private count(exchange: Exchange): void {
    const state = stateOf(exchange);
    if (!state) return;
    const nowMs = performance.now();
    if (state.trace !== undefined) this.trace(exchange, state, state.trace, nowMs);
    if (state.isProbe) {
      this.measures.countProbe(state.served.measure);
      return;
    }
    this.measures.count(
      state.served.measure,
      exchange.status,
      nowMs - exchange.startedAtMs,
      exchange.requestBodyBytes,
      exchange.responseBytes,
      state.failure?.code,
    );
  }

  private trace(exchange: Exchange, state: RequestState, trace: RequestTrace, nowMs: number): void {
    const isKept = trace.isSampled || (isNotable(trace, exchange.status) && state.served.notable.take());
    if (isKept) this.spans.add(state.deployment, edgeSpans(exchange, state, trace, nowMs));
  }

  private health(): object {
    return {
      name: this.options.name,
      pid: process.pid,
      servingVersion: this.table.version,
      controlConnected: this.feed.connected,
      hostConnected: this.link.connected,
      connections: this.server.connectionCount,
    };
  }

  /** Makes ready what was put and forgets what was removed. */
  private follow(changes: ServingChange[] | "all"): void {
    if (changes === "all") this.flagStreams.end();
    else {
      for (const change of changes) {
        if ("put" in change && change.put === "flags")
          this.flagStreams.changed(change.flags, change.flags.version);
        if (!("put" in change) || change.put !== "alias") continue;
        for (const id of [change.alias.deployment, change.alias.canary?.deployment]) {
          const output = id && this.table.deployment(id)?.output;
          // Only to be sooner: a request that comes first loads it itself and tells why it cannot be.
          if (output) void this.catalog.load(output).catch(() => {});
        }
      }
      const removed = changes.filter((change) => "remove" in change && change.remove === "deployment");
      if (removed.length === 0) return;
      for (const change of removed) if ("id" in change) this.pages.removeDeployment(change.id);
    }
    const deployments = new Set<DeploymentId>(this.table.deploymentIds);
    const outputs = new Set<OutputId>();
    for (const id of deployments) outputs.add(this.table.deployment(id)!.output);
    this.catalog.retain(outputs);
    this.link.retain(deployments);
    this.measures.retain(deployments);
    this.responses.retain(deployments);
  }
}

/**
 * A name of the cache service's socket that no other process has: while a new edge replaces an old one of the same name, the old one must not
 * take away the new one's socket when it ends. Sockets of dead ones are removed.
 */
function socketName({ cacheSockets }: HomeLayout, name: string): string {
  mkdirSync(cacheSockets, { recursive: true, mode: 0o755 });
  for (const file of readdirSync(cacheSockets)) {
    const pid = file.startsWith(`${name}.`) ? Number(/\.(\d+)\.sock$/.exec(file)?.[1]) : Number.NaN;
    if (pid !== process.pid && pid > 0 && !isAlive(pid)) rmSync(join(cacheSockets, file), { force: true });
  }
  return `${name}.${process.pid}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
