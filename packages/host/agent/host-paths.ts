import { join } from "node:path";
import type { DeploymentId, HomeLayout } from "@evenkeel/model";

/** What the host alone writes under the data directory. */
export interface HostPaths {
  uids: string;
  /** Bundles of the launcher. */
  launchers: string;
  /** Last known serving state. */
  state: string;
  environment(deployment: DeploymentId): string;
  environments: string;
  /** Compiled code by app and function. */
  code: string;
}

export function hostPaths(layout: HomeLayout): HostPaths {
  const folder = join(layout.home, "host");
  const environments = join(folder, "environments");
  const code = join(folder, "code");
  return {
    uids: join(folder, "uids.json"),
    launchers: join(folder, "launchers"),
    state: join(layout.serving, "host.json"),
    environments,
    environment: (deployment) => join(environments, `${deployment}.sealed`),
    code,
  };
}
