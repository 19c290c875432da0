import { readFileSync } from "node:fs";
import {
  type AppName,
  applyServingEntry,
  type BuildOutput,
  type DeploymentId,
  type FeedFromControl,
  type FunctionId,
  type FunctionSpec,
  type HomeLayout,
  type HostedDeployment,
  type MaskSecrets,
  outputPath,
  type ServedDeployment,
  type Services,
  type ServingState,
  secretMasker,
  secretVariables,
} from "@evenkeel/model";
import { DeploymentUnknownError, FunctionUnknownError } from "../errors.ts";
import { DeploymentStore } from "./deployment-store.ts";

/** A function as far as the host needs it. */
export type HostedFunction = Omit<FunctionSpec, "tree">;

export interface KnownDeployment {
  served: ServedDeployment;
  environment: Record<string, string>;
  /** Takes the values of its secrets out of a text. */
  mask: MaskSecrets;
  functions: Record<FunctionId, HostedFunction>;
  /** The one that `prepare` starts where none is named. */
  firstFunction: FunctionId | undefined;
  services: Services | undefined;
}

/** Changes come in bursts; one write a burst. */
const saveDelayMs = 100;

/** The deployments that the host may start, as control's feed tells them; kept on disk behind. */
export class DeploymentCatalog {
  private readonly store: DeploymentStore;
  private readonly state: ServingState;
  private readonly hosted: Map<DeploymentId, HostedDeployment>;
  private readonly known = new Map<DeploymentId, KnownDeployment>();
  private readonly unsaved = new Map<DeploymentId, HostedDeployment>();
  private current: ReadonlySet<DeploymentId> | undefined;
  private released: ReadonlySet<DeploymentId> | undefined;
  private canaries: ReadonlySet<DeploymentId> | undefined;
  private serviced: ServedDeployment[] | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly layout: HomeLayout) {
    this.store = new DeploymentStore(layout);
    const { state, hosted } = this.store.load();
    this.state = state;
    this.hosted = hosted;
  }

  get version(): number {
    return this.state.version;
  }

  has(id: DeploymentId): boolean {
    return this.state.deployments[id] !== undefined && this.hosted.has(id);
  }

  /** Whether an alias leads to it, or led to it until its last change. */
  isCurrent(id: DeploymentId): boolean {
    this.current ??= new Set(
      Object.values(this.state.aliases).flatMap(({ deployment, previous, canary }) => [
        deployment,
        ...(canary ? [canary.deployment] : []),
        ...previous.slice(0, 1),
      ]),
    );
    return this.current.has(id);
  }

  /** Whether a release points at it: the workers of an environment run for that one alone. */
  isReleased(id: DeploymentId): boolean {
    this.released ??= new Set(
      Object.values(this.state.aliases)
        .filter(({ release }) => release !== undefined)
        .map(({ deployment }) => deployment),
    );
    return this.released.has(id);
  }

  /** Whether it answers a share of an alias's visitors. */
  isCanary(id: DeploymentId): boolean {
    this.canaries ??= new Set(
      Object.values(this.state.aliases).flatMap(({ canary }) => (canary ? [canary.deployment] : [])),
    );
    return this.canaries.has(id);
  }

  /** Those with services. */
  get withServices(): ServedDeployment[] {
    this.serviced ??= Object.values(this.state.deployments).filter(
      ({ id, formation }) => formation !== undefined && this.hosted.has(id),
    );
    return this.serviced;
  }

  get isEmpty(): boolean {
    return Object.keys(this.state.deployments).length === 0;
  }

  maxInstances(id: DeploymentId): number {
    return this.state.deployments[id]?.maxInstances ?? 0;
  }

  /**
   * @throws DeploymentUnknownError also where its output cannot be read
   */
  get(id: DeploymentId): KnownDeployment {
    const known = this.known.get(id);
    if (known) return known;
    const served = this.state.deployments[id];
    const hosted = this.hosted.get(id);
    if (!served || !hosted) {
      throw new DeploymentUnknownError(`Deployment ${id} is not known to the host`, {
        hint: "It was removed, or control has not told of it yet.",
      });
    }
    const output = readOutput(this.layout, served);
    const functions = Object.fromEntries(
      Object.values(output.functionsById).map(({ tree: _, ...rest }) => [rest.id, rest]),
    ) as KnownDeployment["functions"];
    const read: KnownDeployment = {
      served,
      environment: hosted.environment,
      mask: lazyMask(hosted),
      functions,
      firstFunction: Object.values(output.functions)[0],
      services: output.services,
    };
    this.known.set(id, read);
    return read;
  }

  /** @throws DeploymentUnknownError, FunctionUnknownError */
  function(id: DeploymentId, fn: FunctionId): HostedFunction {
    const found = this.get(id).functions[fn];
    if (!found) throw new FunctionUnknownError(`Deployment ${id} has no function ${fn.slice(0, 12)}`);
    return found;
  }

  /** Takes a message of the feed. Returns the deployments that are gone by it. */
  apply(message: FeedFromControl): ServedDeployment[] {
    const before = Object.values(this.state.deployments);
    for (const hosted of message.hosted ?? []) {
      this.hosted.set(hosted.id, hosted);
      this.unsaved.set(hosted.id, hosted);
      this.known.delete(hosted.id);
    }
    if (message.type === "snapshot") Object.assign(this.state, message.state);
    else for (const entry of message.entries) applyServingEntry(this.state, entry);
    for (const [id, known] of this.known) {
      if (this.state.deployments[id] !== known.served) this.known.delete(id);
    }
    this.current = undefined;
    this.released = undefined;
    this.canaries = undefined;
    this.serviced = undefined;
    const gone = before.filter(({ id }) => !this.state.deployments[id]);
    for (const { id } of gone) this.hosted.delete(id);
    this.timer ??= setTimeout(() => this.save(), saveDelayMs);
    return gone;
  }

  /** Reads the outputs of new deployments, so that their first request need not wait for it. */
  readAhead(message: FeedFromControl): void {
    if (message.type === "snapshot") return;
    for (const { id } of message.hosted ?? []) {
      try {
        this.get(id);
      } catch {
        // Its start will tell.
      }
    }
  }

  /** Undefined: the deployment is not known. */
  secretsOf(id: DeploymentId): Record<string, string> | undefined {
    const hosted = this.hosted.get(id);
    return hosted && secretVariables(hosted.environment, hosted.plain);
  }

  /** Seals every environment on disk with the newest master key. @throws where the disk refuses */
  rekey(): void {
    this.store.useNewestKey();
    for (const hosted of this.hosted.values()) this.store.saveEnvironment(hosted);
  }

  save(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    try {
      for (const [id, hosted] of this.unsaved) {
        if (this.state.deployments[id]) this.store.saveEnvironment(hosted);
      }
      this.store.saveState(this.state);
      this.unsaved.clear();
    } catch (error) {
      // A full disk must not stop apps; control can tell it all again. Tried again at the next change.
      console.error(`The known deployments were not written: ${(error as Error).message}`);
    }
  }

  /** The functions of an app's deployments, as far as their outputs can be read. */
  functionsOf(app: AppName): Set<FunctionId> {
    const functions = new Set<FunctionId>();
    for (const { id } of Object.values(this.state.deployments).filter((served) => served.app === app)) {
      try {
        for (const fn of Object.keys(this.get(id).functions)) functions.add(fn as FunctionId);
      } catch {
        // Without its output it cannot start; it needs no compiled code either.
      }
    }
    return functions;
  }
}

/** Most deployments that are known have no instance: what their secrets look like is worked out for the first line that one prints. */
function lazyMask({ environment, plain }: HostedDeployment): MaskSecrets {
  let mask: MaskSecrets | undefined;
  return (text, cut) => {
    mask ??= secretMasker(secretVariables(environment, plain));
    return mask(text, cut);
  };
}

function readOutput(layout: HomeLayout, served: ServedDeployment): BuildOutput {
  try {
    return JSON.parse(readFileSync(outputPath(layout, served.output), "utf8")) as BuildOutput;
  } catch (cause) {
    throw new DeploymentUnknownError(`The output of deployment ${served.id} cannot be read`, {
      hint: "The artifact store lacks it; deploy again.",
      cause,
    });
  }
}
