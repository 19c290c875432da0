import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { readMasterKeys, writeFileDurably } from "@evenkeel/disk";
import {
  type DeploymentId,
  emptyServingState,
  type HomeLayout,
  type HostedDeployment,
  type ServingState,
} from "@evenkeel/model";
import { hostPaths } from "./host-paths.ts";
import { environmentKey, openEnvironment, sealEnvironment } from "./sealed-environment.ts";

export interface StoredDeployments {
  state: ServingState;
  hosted: Map<DeploymentId, HostedDeployment>;
}

/** The last known deployments on disk, for starts while control is away. Environments are sealed, each in a file of its own. */
export class DeploymentStore {
  private readonly paths;
  private keys!: { sealing: Uint8Array; opening: Uint8Array[] };

  constructor(private readonly layout: HomeLayout) {
    this.paths = hostPaths(layout);
    this.useNewestKey();
  }

  /** While the master key is rotated both open. */
  useNewestKey(): void {
    const { sealing, opening } = readMasterKeys(this.layout.masterKey);
    this.keys = { sealing: environmentKey(sealing), opening: opening.map(environmentKey) };
  }

  /** What can be read; where something is missing, the version is 0, so that control tells everything again. */
  load(): StoredDeployments {
    const hosted: StoredDeployments["hosted"] = new Map();
    let state = emptyServingState();
    if (!existsSync(this.paths.state)) return { state, hosted };
    try {
      state = JSON.parse(readFileSync(this.paths.state, "utf8")) as ServingState;
    } catch (error) {
      console.error(`The last known deployments cannot be read: ${(error as Error).message}`);
    }
    for (const { id, app } of Object.values(state.deployments)) {
      try {
        const sealed = readFileSync(this.paths.environment(id));
        hosted.set(id, { id, app, ...openEnvironment(this.keys.opening, id, sealed) });
      } catch (error) {
        console.error(`The environment of deployment ${id} is lost: ${(error as Error).message}`);
        state.version = 0;
      }
    }
    return { state, hosted };
  }

  /** Before the state that names it: a state without its environments would be incomplete. */
  saveEnvironment(deployment: HostedDeployment): void {
    const sealed = sealEnvironment(this.keys.sealing, deployment.id, deployment);
    mkdirSync(this.paths.environments, { recursive: true, mode: 0o700 });
    writeFileDurably(this.paths.environment(deployment.id), sealed, 0o600);
  }

  /** Writes the state, then removes environments that it does not name. */
  saveState(state: ServingState): void {
    writeFileDurably(this.paths.state, JSON.stringify(state), 0o600);
    if (!existsSync(this.paths.environments)) return;
    for (const name of readdirSync(this.paths.environments)) {
      const id = name.slice(0, 9) as DeploymentId;
      if (!state.deployments[id]) rmSync(this.paths.environment(id), { force: true });
    }
  }
}
