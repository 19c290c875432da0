import type { AppIntake, LogIntake } from "@evenkeel/logs";
import {
  type AppName,
  type DeploymentId,
  type EnvironmentName,
  type ErrorJson,
  functionTreePath,
  type HomeLayout,
  type HostToEdge,
  type InstanceId,
  type ProcessReport,
  type RunningInstance,
  type ServedDeployment,
  webFunction,
  webProcess,
} from "@evenkeel/model";
import type { DeploymentCatalog } from "../agent/deployment-catalog.ts";
import type { EdgeConnections } from "../agent/edge-connections.ts";
import { readSandboxRoutes } from "../agent/sandbox-routes.ts";
import { ProcessUnknownError } from "../errors.ts";
import type { ServiceCellMaker, ServiceCellPlan } from "../isolation/services/service-cell.ts";
import type { UidRegistry } from "../isolation/uid-registry.ts";
import { leadVariables } from "../launcher/outside/lead-variables.ts";
import type { HostMeasures } from "../measure/host-measures.ts";
import { findRuntime } from "../pool/find-runtime.ts";
import { Ports } from "./ports.ts";
import { ProcessSlot, type SlotOwner } from "./process-slot.ts";
import { type ProcessLabel, ServiceProcess, type ServiceProcessPlan } from "./service-process.ts";

/** What was asked for by its own host name, or lost its release, keeps its `web` so long without requests. */
const idleMs = 60_000;
/** From the readiness of a new deployment to its release. */
const preparedMs = 120_000;
/** Edges may hear of a switch a moment after the host. */
const supersededMs = 3_000;
/** For edges to finish what a process has in flight. */
const drainLimitMs = 30_000;
const mebibyte = 1024 * 1024;

export interface ServicesOptions {
  layout: HomeLayout;
  maker: ServiceCellMaker;
  catalog: DeploymentCatalog;
  edges: EdgeConnections;
  measures: HostMeasures;
  logs: LogIntake;
  uids: UidRegistry | undefined;
  bootMs: number;
  stopMs: number;
}

/** A deployment without a release whose `web` is wanted for a while. */
interface Kept {
  count: number;
  untilMs: number;
  /** Requests prolong it. Those that a switch has just taken away do not: edges tell of them a moment later. */
  byUse: boolean;
}

/**
 * The processes of apps' services. What is wanted follows from the feed alone:
 *
 * - A deployment that a release points at has the processes of its formation.
 * - Any other has `web` while it is asked for at its own host name, and is being prepared or has just been replaced.
 * - A worker starts when the last one of its type of the app's environment has ended that belongs to another deployment: there are never two.
 */
export class ServiceHost implements SlotOwner {
  private readonly slots = new Map<string, ProcessSlot>();
  private readonly kept = new Map<DeploymentId, Kept>();
  private readonly released = new Set<DeploymentId>();
  private readonly byId = new Map<InstanceId, ServiceProcess>();
  private readonly ports = new Ports();
  private stopping = false;
  private settled = false;

  constructor(private readonly options: ServicesOptions) {}

  /** Takes up what an earlier host left, then brings everything to what is wanted. Until then nothing is started. */
  async open(): Promise<void> {
    const { maker, logs } = this.options;
    for (const from of await maker.adopt()) {
      const label = from.label as ProcessLabel;
      const plan = this.adoptedPlan(label);
      if (!plan) {
        await from.cell.destroy();
        continue;
      }
      if (label.port !== undefined) this.ports.keep(label.port);
      const log = logs.app(label.app);
      const process = new ServiceProcess(plan, this.parts(log), { from, label });
      this.note(process);
      this.slot(label.deployment, label.type, label.number).adopt(process);
    }
    this.settled = true;
    this.reconcile();
  }

  /** Brings what runs to what is wanted; to be called when the feed or the time may have changed that. */
  reconcile(): void {
    if (!this.settled || this.stopping) return;
    const { catalog } = this.options;
    const nowMs = Date.now();
    for (const slot of this.slots.values()) slot.wanted = false;
    for (const served of catalog.withServices) {
      const isReleased = catalog.isReleased(served.id);
      if (isReleased) {
        this.released.add(served.id);
        this.kept.delete(served.id);
      } else if (this.released.delete(served.id)) {
        const count = served.formation?.[webProcess]?.count ?? 0;
        this.kept.set(served.id, { count, untilMs: nowMs + supersededMs, byUse: false });
      }
      for (const [type, { count, memoryMb }] of Object.entries(served.formation ?? {})) {
        const isWeb = type === webProcess;
        const isFull = isReleased || (isWeb && catalog.isCanary(served.id));
        const wanted = isFull ? count : isWeb ? this.keptCount(served.id, count, nowMs) : 0;
        for (let number = 1; number <= wanted; number++) {
          const slot = this.slot(served.id, type, number);
          slot.wanted = true;
          this.resize(slot, memoryMb);
        }
      }
    }
    for (const [key, slot] of this.slots) {
      slot.tend();
      if (!slot.wanted && !slot.occupied) this.slots.delete(key);
    }
    for (const [id, { untilMs }] of this.kept) if (untilMs <= nowMs) this.kept.delete(id);
  }

  /** An edge lacks a `web` process. */
  need(deployment: DeploymentId): void {
    const served = this.served(deployment);
    if (!served) return;
    if (!this.options.catalog.isReleased(deployment)) this.keep(deployment, 1, idleMs);
    this.reconcile();
    const slots = this.of(deployment, webProcess);
    const hopeless = slots.every((slot) => slot.coolsOff);
    if (hopeless) this.tellFailed(deployment, slots[0]?.lastFailure ?? noWeb);
  }

  /**
   * Resolves when every `web` process of the deployment's formation is up.
   *
   * @throws what makes one fail
   */
  async prepare(deployment: DeploymentId): Promise<void> {
    const served = this.served(deployment);
    const count = served?.formation?.[webProcess]?.count ?? 0;
    if (count === 0) return;
    this.keep(deployment, count, preparedMs);
    this.reconcile();
    try {
      await Promise.all(this.of(deployment, webProcess).map((slot) => slot.ready()));
    } catch (error) {
      if (!this.options.catalog.isReleased(deployment)) this.kept.delete(deployment);
      this.reconcile();
      throw error;
    }
    // A slow start must not have used up the time until the release.
    this.keep(deployment, count, preparedMs);
  }

  /**
   * @param process `web`, `worker.2`; absent: all
   * @throws ProcessUnknownError, and what makes a new process fail
   */
  async restart(app: AppName, environment: EnvironmentName, process?: string): Promise<void> {
    const slots = [...this.slots.values()].filter((slot) => {
      const served = this.served(slot.deployment);
      if (!slot.wanted || served?.app !== app || served.environment !== environment) return false;
      return process === undefined || process === slot.type || process === slot.name;
    });
    if (slots.length === 0) {
      throw new ProcessUnknownError(
        `${app} has no process ${process ?? ""} in ${environment} that could be restarted`.replace("  ", " "),
        { hint: `\`evenkeel ps ${app}\` shows those that it has.` },
      );
    }
    const types = Map.groupBy(slots, (slot) => `${slot.deployment} ${slot.type}`);
    // One of a kind after the other, so that the others can do its work.
    await Promise.all(
      [...types.values()].map(async (alike) => {
        for (const slot of alike) await slot.restart(slot.type === webProcess);
      }),
    );
  }

  async stopDeployment(deployment: DeploymentId): Promise<void> {
    this.kept.delete(deployment);
    const slots = [...this.slots.values()].filter((slot) => slot.deployment === deployment);
    await Promise.all(slots.map((slot) => slot.stop()));
    this.reconcile();
  }

  noteUse(id: InstanceId): void {
    const deployment = this.byId.get(id)?.plan.deployment;
    if (deployment && this.kept.get(deployment)?.byUse) this.keep(deployment, 1, idleMs);
  }

  running(): RunningInstance[] {
    return [...this.byId.values()].filter(takesRequests).map(runningInstance);
  }

  reports(app: AppName): ProcessReport[] {
    return [...this.slots.values()]
      .flatMap((slot) => {
        const served = this.served(slot.deployment);
        const running = slot.process?.plan;
        const owner = served?.app ?? running?.app;
        const environment = served?.environment ?? running?.environment;
        if (owner !== app || !environment) return [];
        return [slot.report(environment, served?.formation?.[slot.type]?.memoryMb ?? 0)];
      })
      .sort((one, two) => one.name.localeCompare(two.name, "en", { numeric: true }));
  }

  /** Memory of all processes. */
  get memoryBytes(): number {
    return [...this.byId.values()].reduce((sum, process) => sum + process.memoryBytes, 0);
  }

  async stop(limitMs: number): Promise<void> {
    this.stopping = true;
    await Promise.all([...this.slots.values()].map((slot) => slot.stop(limitMs)));
    this.options.maker.close();
  }

  // --- what slots ask for ---

  launch(slot: ProcessSlot): ServiceProcess {
    const { catalog, logs } = this.options;
    const { served, services, environment: variables, mask } = catalog.get(slot.deployment);
    if (!services?.processes[slot.type]) {
      throw new ProcessUnknownError(`Deployment ${slot.deployment} has no process type ${slot.type}`);
    }
    const { app, environment } = served;
    const process = new ServiceProcess(
      {
        ...{ app, deployment: served.id, environment, services, variables, mask },
        ...{ type: slot.type, number: slot.number },
        memoryMb: served.formation![slot.type]!.memoryMb,
        port: slot.type === webProcess ? this.ports.allot() : undefined,
      },
      this.parts(logs.app(app)),
    );
    this.note(process);
    return process;
  }

  mayStart(slot: ProcessSlot): boolean {
    if (slot.type === webProcess) return true;
    const own = this.served(slot.deployment);
    for (const other of this.slots.values()) {
      const plan = other.process?.plan;
      if (other.wanted || plan?.type !== slot.type || other.deployment === slot.deployment) continue;
      if (plan.app === own?.app && plan.environment === own.environment) return false;
    }
    return true;
  }

  async drain(process: ServiceProcess): Promise<void> {
    if (takesRequests(process))
      await this.options.edges.drain(process.id, this.stopping ? 5_000 : drainLimitMs);
  }

  tellUp(process: ServiceProcess): void {
    if (takesRequests(process)) this.tell({ type: "instance", instance: runningInstance(process) });
  }

  tellGone(process: ServiceProcess): void {
    if (process.plan.type === webProcess) this.tell({ type: "gone", instance: process.id });
  }

  changed(): void {
    this.reconcile();
  }

  // --- within ---

  /** What a plan needs of the machine; also for one-off commands. */
  cellPlan(
    plan: Pick<ServiceProcessPlan, "app" | "services" | "memoryMb">,
    command: string[],
  ): ServiceCellPlan {
    const { layout, uids } = this.options;
    const { services } = plan;
    return {
      identity: uids?.identity(plan.app),
      tree: functionTreePath(layout, services.slug),
      folder: services.folder,
      runtime: findRuntime(layout, services.runtime),
      tools: Object.fromEntries(
        services.tools.map(({ tool, version }) => [tool, `${layout.toolchain}/${tool}/${version}`]),
      ),
      memoryBytes: plan.memoryMb * mebibyte,
      command,
    };
  }

  private parts(log: AppIntake) {
    const { maker, bootMs, stopMs } = this.options;
    const cellPlan = (plan: ServiceProcessPlan, command: string[]) => this.cellPlan(plan, command);
    const lead = (variables: Record<string, string>) =>
      leadVariables(readSandboxRoutes(this.options.layout), variables);
    return { maker, bootMs, stopMs, log, cellPlan, lead };
  }

  private note(process: ServiceProcess): void {
    this.byId.set(process.id, process);
    const { measures } = this.options;
    const { app, environment, deployment } = process.plan;
    const scope = { app, environment, deployment };
    const unwatch = measures.watch({
      ...{ scope, name: process.name, isUp: () => process.state === "up" },
      memoryBytes: () => process.memoryBytes,
      cpuSeconds: () => process.cpuSeconds,
    });
    void process.ended.then((reason) => {
      unwatch();
      if (reason) measures.count({ ...scope, detail: process.name }, "instance_restarts");
      this.byId.delete(process.id);
      if (process.plan.port !== undefined) this.ports.release(process.plan.port);
    });
  }

  /** Undefined: nothing is known of its deployment any more. */
  private adoptedPlan(label: ProcessLabel): ServiceProcessPlan | undefined {
    try {
      const { services, environment: variables, mask } = this.options.catalog.get(label.deployment);
      const { app, deployment, environment, type, number, memoryMb, port } = label;
      if (!services) return undefined;
      return { app, deployment, environment, type, number, memoryMb, port, services, variables, mask };
    } catch {
      return undefined;
    }
  }

  /** A process of another size than wanted is replaced. */
  private resize(slot: ProcessSlot, memoryMb: number): void {
    const { process } = slot;
    if (process?.state !== "up" || process.plan.memoryMb === memoryMb || this.resizing.has(slot)) return;
    this.resizing.add(slot);
    slot
      .restart(slot.type === webProcess)
      .catch(() => {})
      .finally(() => this.resizing.delete(slot));
  }
  private readonly resizing = new Set<ProcessSlot>();

  private keep(deployment: DeploymentId, count: number, forMs: number): void {
    const known = this.kept.get(deployment);
    this.kept.set(deployment, {
      count: Math.max(count, known?.count ?? 0),
      untilMs: Math.max(Date.now() + forMs, known?.untilMs ?? 0),
      byUse: true,
    });
  }

  private keptCount(deployment: DeploymentId, count: number, nowMs: number): number {
    const kept = this.kept.get(deployment);
    return kept && kept.untilMs > nowMs ? Math.min(kept.count, count) : 0;
  }

  private slot(deployment: DeploymentId, type: string, number: number): ProcessSlot {
    const key = `${deployment} ${type}.${number}`;
    let slot = this.slots.get(key);
    if (!slot) {
      slot = new ProcessSlot(deployment, type, number, this);
      this.slots.set(key, slot);
    }
    return slot;
  }

  private of(deployment: DeploymentId, type: string): ProcessSlot[] {
    return [...this.slots.values()].filter(
      (slot) => slot.wanted && slot.deployment === deployment && slot.type === type,
    );
  }

  private served(deployment: DeploymentId): ServedDeployment | undefined {
    return this.options.catalog.withServices.find(({ id }) => id === deployment);
  }

  private tellFailed(deployment: DeploymentId, error: ErrorJson): void {
    this.tell({ type: "failed", deployment, function: webFunction, error });
  }

  private tell(message: HostToEdge): void {
    this.options.edges.tell(message);
  }
}

const noWeb: ErrorJson = {
  code: "process_unknown",
  message: "No web process of this app runs",
  hint: "Give it some: evenkeel scale <app> web=1",
};

const takesRequests = ({ plan, state }: ServiceProcess): boolean =>
  plan.type === webProcess && state === "up";

const runningInstance = ({ id, plan }: ServiceProcess): RunningInstance => ({
  ...{ id, deployment: plan.deployment, function: webFunction, socketPath: "" },
  port: plan.port!,
});
