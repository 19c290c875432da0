import type { DeploymentId } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import { getDeployment } from "../deployments/deployment-row.ts";
import type { Vault } from "../vault/vault.ts";
import { cronSecretOf } from "./cron-secret.ts";
import type { CallTarget } from "./schedule-caller.ts";

const mostKept = 1_000;

/** Where deployments are called, and their secrets. Both never change, so they are read once. */
export class CallTargets {
  private readonly kept = new Map<DeploymentId, Promise<CallTarget>>();

  constructor(
    private readonly connection: Connection,
    private readonly vault: Vault,
  ) {}

  /** @throws DeploymentUnknownError, VaultKeyMismatchError, DatabaseUnavailableError */
  of(deployment: DeploymentId): Promise<CallTarget> {
    let target = this.kept.get(deployment);
    if (!target) {
      target = this.read(deployment);
      target.catch(() => this.kept.delete(deployment));
      this.kept.set(deployment, target);
      if (this.kept.size > mostKept) this.kept.delete(this.kept.keys().next().value!);
    }
    return target;
  }

  private async read(deployment: DeploymentId): Promise<CallTarget> {
    const [{ host }, secret] = await Promise.all([
      getDeployment(this.connection, deployment),
      cronSecretOf(this.connection, this.vault, deployment),
    ]);
    return { host, secret };
  }
}
