import { readFileSync } from "node:fs";
import { loadOrCreateKey } from "@evenkeel/disk";
import { LogIntake } from "@evenkeel/logs";
import {
  type DeploymentId,
  type ErrorJson,
  errorJson,
  type FeedFromControl,
  type FunctionId,
  functionTreePath,
  type HomeLayout,
  type InstanceId,
  type InstanceReport,
  type RunningInstance,
  type SignalScope,
  sandboxProvidersVariable,
  webFunction,
} from "@evenkeel/model";
import { DeploymentUnknownError, FunctionUnknownError, InstanceMemoryError } from "../errors.ts";
import type { CellMaker } from "../isolation/cell.ts";
import type { ServiceCellMaker } from "../isolation/services/service-cell.ts";
import { firstUid, UidRegistry } from "../isolation/uid-registry.ts";
import { HostMeasures } from "../measure/host-measures.ts";
import { findRuntime } from "../pool/find-runtime.ts";
import { WarmPool } from "../pool/warm-pool.ts";
import { OneOffRuns } from "../services/one-off.ts";
import { ServiceHost } from "../services/service-host.ts";
import { CodeStore } from "./code-store.ts";
import { DeploymentCatalog } from "./deployment-catalog.ts";
import type { EdgeConnections } from "./edge-connections.ts";
import { idlestInstance } from "./eviction.ts";
import { subscribeToFeed } from "./feed-subscription.ts";
import { FunctionGroup, type GroupHost } from "./function-group.ts";
import { FunctionSpans } from "./function-spans.ts";
import type { HostOptions } from "./host-options.ts";
import { hostPaths } from "./host-paths.ts";
import { Instance } from "./instance.ts";
import { readSandboxRoutes } from "./sandbox-routes.ts";
import { hasMemoryFor, scaledMemoryMb } from "./scaling.ts";

const sweepMs = 1_000;
/** After `maxDuration`, for an edge to say that it is done. */
const drainGraceMs = 10_000;
/** The supervisor ends the host 15 s after it asked. */
const stopLimitMs = 11_000;
/** Idle time of deployments that no alias leads to, nor would after one step back; a series of deploys must not fill the memory. */
const supersededIdleMs = 60_000;
/** A deployment may reach an edge before the host. */
const feedPatienceMs = 2_000;

/**
 * The agent: knows the deployments, keeps a group of instances for each function that is used, and decides what starts and ends. A
 * single thread; every decision is taken at one of these: a message of an edge or of control, the end of a process, the sweep each second.
 */
export class Host implements GroupHost {
  stopping = false;
  private readonly catalog: DeploymentCatalog;
  private readonly pool: WarmPool;
  private readonly measures: HostMeasures;
  private readonly spans: FunctionSpans;
  private readonly logs: LogIntake;
  private readonly code: CodeStore;
  /** Absent where instances are not isolated. */
  private readonly uids: UidRegistry | undefined;
  private readonly cacheKey: Uint8Array;
  readonly services: ServiceHost;
  readonly runs: OneOffRuns;
  /** As last measured. */
  private serviceBytes = 0;
  private readonly groups = new Map<string, FunctionGroup>();
  private readonly instances = new Map<InstanceId, Instance>();
  private readonly keepCode = new Map<Instance, () => void>();
  private readonly draining = new Map<Instance, Promise<void>>();
  private readonly unknownSinceMs = new Map<DeploymentId, number>();
  private readonly feed: { stop(): void };
  private readonly sweeper: ReturnType<typeof setInterval>;

  constructor(
    private readonly layout: HomeLayout,
    private readonly options: HostOptions,
    private readonly maker: CellMaker,
    private readonly edges: EdgeConnections,
    serviceCells: ServiceCellMaker,
  ) {
    edges.onUsed = (id) => {
      const instance = this.instances.get(id);
      if (instance) instance.noteUse();
      else this.services.noteUse(id);
    };
    if (maker.kind === "isolated") {
      const uidMap = readFileSync("/proc/self/uid_map", "utf8");
      this.uids = new UidRegistry(hostPaths(layout).uids, () => firstUid(layout.home, uidMap));
    }
    this.catalog = new DeploymentCatalog(layout);
    this.measures = new HostMeasures(layout);
    this.spans = new FunctionSpans(layout.telemetrySocket);
    this.logs = new LogIntake({
      ...{ layout, writer: "host" },
      count: (what, app, { environment, deployment }, lines) => {
        const scope = { app, environment: environment ?? "production", ...(deployment && { deployment }) };
        this.measures.count(scope, what === "lines" ? "log_lines" : "log_lines_dropped", lines);
      },
    });
    this.code = new CodeStore(hostPaths(layout).code);
    this.cacheKey = loadOrCreateKey(layout.cacheKey);
    this.pool = new WarmPool({
      maker,
      findRuntime: (runtime) => findRuntime(layout, runtime),
      usualRuntime: "nodejs24.x",
    });
    this.pool.expect(!this.catalog.isEmpty);
    const { catalog, logs, measures, uids } = this;
    this.services = new ServiceHost({
      ...{ layout, maker: serviceCells, catalog, edges, logs, measures, uids },
      ...{ bootMs: options.bootMs, stopMs: options.stopMs },
    });
    this.runs = new OneOffRuns({
      layout,
      maker: serviceCells,
      catalog,
      logs,
      services: this.services,
      stopMs: options.stopMs,
    });
    this.feed = subscribeToFeed(
      layout.feedSocket,
      () => this.catalog.version,
      (message) => this.learn(message),
    );
    this.sweeper = setInterval(() => this.sweep(), sweepMs);
  }

  // --- what edges and control ask for ---

  need(deployment: DeploymentId, fn: FunctionId, waiting: number): void {
    if (this.stopping) return;
    if (!this.catalog.has(deployment) && !this.hasWaitedForFeed(deployment)) return;
    try {
      if (fn === webFunction) this.services.need(deployment);
      else this.group(deployment, fn).need(waiting);
    } catch (error) {
      this.edges.tell({ type: "failed", deployment, function: fn, error: errorJson(error) });
    }
  }

  overdue(instance: InstanceId): void {
    void this.instances.get(instance)?.endIfStuck();
  }

  /** @throws DeploymentUnknownError, FunctionUnknownError, and what makes the start fail */
  async prepare(deployment: DeploymentId, fn?: FunctionId): Promise<void> {
    const limitMs = Date.now() + feedPatienceMs;
    while (!this.catalog.has(deployment) && Date.now() < limitMs) await Bun.sleep(10);
    const known = this.catalog.get(deployment);
    if (known.services && !fn) await this.services.prepare(deployment);
    const id = fn ?? known.firstFunction;
    if (!id && known.services) return;
    if (!id) throw new FunctionUnknownError(`Deployment ${deployment} has no functions`);
    await this.group(deployment, id).prepare();
  }

  async stopDeployment(deployment: DeploymentId): Promise<void> {
    const groups = [...this.groups.values()].filter((group) => group.deployment === deployment);
    await Promise.all([...groups.map((group) => group.stop()), this.services.stopDeployment(deployment)]);
    for (const group of groups) {
      if (group.instances.size === 0) this.groups.delete(groupKey(deployment, group.functionId));
    }
  }

  /** Values that nothing which comes from the deployment may be written down with; undefined: it is not known. */
  secretsOf(deployment: DeploymentId): Record<string, string> | undefined {
    return this.catalog.secretsOf(deployment);
  }

  /** The master key is being rotated. */
  rekey(): void {
    this.catalog.rekey();
  }

  running(): RunningInstance[] {
    const instances = [...this.instances.values()].filter(({ state }) => state === "ready");
    return [...instances.map(runningInstance), ...this.services.running()];
  }

  reports(): InstanceReport[] {
    return [...this.instances.values()].map((instance) => {
      instance.measureMemory();
      return instance.report(this.inFlight(instance));
    });
  }

  /** Drains and ends everything. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.sweeper);
    this.feed.stop();
    this.catalog.save();
    await Promise.all([
      ...[...this.groups.values()].map((group) => group.stop()),
      this.pool.stop(),
      this.runs.stop().then(() => this.services.stop(stopLimitMs - 6_000)),
    ]);
    this.measures.stop();
    await this.spans.stop();
    await this.logs.close();
    this.maker.close();
  }

  // --- what groups ask for ---

  launch(group: FunctionGroup): { instance: Instance; started: Promise<void> } {
    const { served, environment, mask } = this.catalog.get(group.deployment);
    const asked = this.catalog.function(group.deployment, group.functionId);
    const fn = { ...asked, memoryMb: scaledMemoryMb(asked.memoryMb, served.memory) };
    const runtime = findRuntime(this.layout, fn.runtime);
    const owner = { app: served.app, function: fn.id, runtimeFolder: runtime.folder };
    const instance = new Instance({
      app: served.app,
      environmentName: served.environment,
      deployment: served.id,
      function: fn,
      environment,
      mask,
      identity: this.uids?.identity(served.app),
      tree: functionTreePath(this.layout, fn.id),
      compiledCode: this.code.find(owner),
      runtime,
      cacheKey: this.cacheKey,
      // Read anew for each instance: its ports and certificate may have changed.
      sandbox:
        environment[sandboxProvidersVariable] === undefined ? undefined : readSandboxRoutes(this.layout),
      restarts: group.restarts,
    });
    const keepCode = () => {
      try {
        this.code.keep(owner, instance.takeCompiledCode());
      } catch (error) {
        console.error(`Compiled code of ${served.app} was not kept: ${(error as Error).message}`);
      }
    };
    instance.beforeCellIsGone = keepCode;
    instance.onSpan = (span) => this.spans.add(instance, served.environment, span);
    this.keepCode.set(instance, keepCode);
    this.instances.set(instance.id, instance);
    const log = this.logs.app(served.app);
    const release = this.pool.holdRefill();
    const started = instance.start(() => this.pool.take(fn.runtime), log).finally(release);
    const unwatch = this.measure(instance, started);
    void instance.ended.then(() => {
      unwatch();
      this.instances.delete(instance.id);
      this.keepCode.delete(instance);
    });
    return { instance, started };
  }

  noteColdStart(group: FunctionGroup): void {
    this.measures.count(this.scope(group.deployment), "cold_starts");
  }

  makeRoom(group: FunctionGroup): boolean {
    const all = [...this.instances.values()];
    const view = {
      budgetBytes: this.options.memoryBudgetBytes,
      usedBytes: all.reduce((sum, instance) => sum + instance.lastMemoryBytes, this.serviceBytes),
      starting: all.filter(({ state }) => state === "starting").length,
    };
    if (hasMemoryFor(view)) return true;
    const idlest = idlestInstance(all, (instance) => this.inFlight(instance), Date.now());
    if (idlest) {
      void this.drain(idlest, "its memory is needed elsewhere");
      return true;
    }
    if (group.count("ready") > 0) return false;
    throw new InstanceMemoryError("No instance can be started: the memory for instances is spent", {
      hint: "Raise EVENKEEL_INSTANCE_MEMORY, or run fewer apps on this machine.",
    });
  }

  maxInstances(deployment: DeploymentId): number {
    return this.catalog.maxInstances(deployment);
  }

  idleMs(deployment: DeploymentId): number {
    const { idleMs } = this.options;
    return this.catalog.isCurrent(deployment) ? idleMs : Math.min(idleMs, supersededIdleMs);
  }

  inFlight(instance: Instance): number {
    return this.edges.inFlight(instance.id);
  }

  /** No new requests, those in flight are finished within the limit, then the process ends. */
  drain(instance: Instance, reason: string): Promise<void> {
    let drain = this.draining.get(instance);
    if (!drain) {
      drain = this.drainOnce(instance, reason).finally(() => this.draining.delete(instance));
      this.draining.set(instance, drain);
    }
    return drain;
  }

  tellReady(instance: Instance): void {
    if (instance.state === "ready")
      this.edges.tell({ type: "instance", instance: runningInstance(instance) });
  }

  tellFailed(group: FunctionGroup, error: ErrorJson): void {
    this.edges.tell({ type: "failed", deployment: group.deployment, function: group.functionId, error });
  }

  tellGone(instance: Instance): void {
    this.edges.tell({ type: "gone", instance: instance.id });
  }

  private async drainOnce(instance: Instance, reason: string): Promise<void> {
    if (instance.state === "starting") return instance.shutdown(0);
    if (instance.state !== "ready") return instance.ended.then(() => {});
    const fullMs = instance.plan.function.maxDurationS * 1_000 + drainGraceMs;
    const limitMs = Date.now() + (this.stopping ? Math.min(stopLimitMs, fullMs) : fullMs);
    instance.note(`The instance is being ended: ${reason}`);
    instance.beginDrain();
    await this.edges.drain(instance.id, limitMs - Date.now());
    // `waitUntil` goes on after the answer; the launcher waits for it.
    const backgroundMs = instance.background > 0 ? Math.max(0, limitMs - Date.now()) : 0;
    await instance.shutdown(backgroundMs);
  }

  // --- what happens by itself ---

  private learn(message: FeedFromControl): void {
    const gone = this.catalog.apply(message);
    this.catalog.readAhead(message);
    for (const { id } of gone) void this.stopDeployment(id);
    for (const app of new Set(gone.map((served) => served.app))) {
      this.code.prune(app, this.catalog.functionsOf(app));
    }
    this.services.reconcile();
    this.unknownSinceMs.clear();
    this.pool.expect(!this.catalog.isEmpty);
  }

  private sweep(): void {
    const nowMs = Date.now();
    for (const instance of this.instances.values()) {
      if (instance.hasCompiledCode) this.keepCode.get(instance)?.();
      const isFull = instance.measureMemory();
      const group = this.groups.get(groupKey(instance.plan.deployment, instance.functionId));
      if (isFull) void group?.recycle(instance, "it has used nearly all of its memory");
      else if (this.hasOtherMemory(instance))
        void group?.recycle(instance, "its memory has another limit now");
    }
    for (const [key, group] of this.groups) {
      group.sweep(nowMs);
      if (group.isForgettable(nowMs)) this.groups.delete(key);
    }
    this.services.reconcile();
    this.serviceBytes = this.services.memoryBytes;
    this.pool.adjust();
  }

  /** Control has told of another amount since it was started. */
  private hasOtherMemory({ state, plan }: Instance): boolean {
    if (state !== "ready" || !this.catalog.has(plan.deployment)) return false;
    const { memory } = this.catalog.get(plan.deployment).served;
    const { memoryMb } = this.catalog.function(plan.deployment, plan.function.id);
    return scaledMemoryMb(memoryMb, memory) !== plan.function.memoryMb;
  }

  private scope(id: DeploymentId): SignalScope {
    const { app, environment } = this.catalog.get(id).served;
    return { app, environment, deployment: id };
  }

  /** Until the returned function is called. */
  private measure(instance: Instance, started: Promise<void>): () => void {
    const scope = this.scope(instance.plan.deployment);
    let usedAtMs = 0;
    started.then(
      () => this.measures.started(scope, instance.readyAtMs - instance.wishedAtMs),
      () => {},
    );
    void instance.ended.then((reason) => {
      if (reason) this.measures.count(scope, "instance_restarts");
    });
    return this.measures.watch({
      ...{ scope, isUp: () => instance.state === "ready" },
      memoryBytes: () => instance.lastMemoryBytes,
      cpuSeconds: () => instance.cpuSeconds,
      turned: () => instance.turned(),
      wasUsed: () => {
        const wasUsed = instance.usedAtMs > usedAtMs;
        usedAtMs = instance.usedAtMs;
        return wasUsed;
      },
    });
  }

  private hasWaitedForFeed(deployment: DeploymentId): boolean {
    const sinceMs = this.unknownSinceMs.get(deployment) ?? Date.now();
    this.unknownSinceMs.set(deployment, sinceMs);
    return Date.now() - sinceMs >= feedPatienceMs;
  }

  /** @throws DeploymentUnknownError, FunctionUnknownError */
  private group(deployment: DeploymentId, fn: FunctionId): FunctionGroup {
    if (!this.catalog.has(deployment)) {
      throw new DeploymentUnknownError(`Deployment ${deployment} is not known to the host`);
    }
    const key = groupKey(deployment, fn);
    let group = this.groups.get(key);
    if (!group) {
      this.catalog.function(deployment, fn);
      group = new FunctionGroup(deployment, fn, this);
      this.groups.set(key, group);
    }
    return group;
  }
}

const groupKey = (deployment: DeploymentId, fn: FunctionId) => `${deployment} ${fn}`;

const runningInstance = (instance: Instance): RunningInstance => ({
  id: instance.id,
  deployment: instance.plan.deployment,
  function: instance.functionId,
  socketPath: instance.socketPath,
});
