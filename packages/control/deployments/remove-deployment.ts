import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import { DeploymentInUseError } from "../errors.ts";
import type { HostLink } from "../instances/host-link.ts";
import type { Serving } from "../serving/serving.ts";
import { type DeploymentRow, getDeployment, isUnderWay } from "./deployment-row.ts";
import { withdraw } from "./withdraw-deployment.ts";

/**
 * Removes a deployment that nothing points to: its URL answers no more, its output goes with the next sweep. The row stays, since the
 * ledger names it. What it printed stays in the app's log for as long as that keeps anything.
 *
 * @throws DeploymentInUseError
 */
export async function removeDeployment(
  parts: { database: Database; serving: Serving; host: HostLink },
  deployment: DeploymentRow,
  who: string,
): Promise<void> {
  const { id, app } = deployment;
  await parts.database.transaction(async (connection) => {
    // The lock of releases: nothing begins to point to it meanwhile.
    await lockEnvironment(connection, app, deployment.environment);
    const { state } = await getDeployment(connection, id);
    if (isUnderWay(state)) {
      throw new DeploymentInUseError(`Deployment ${id} is under way`, { hint: "Cancel it first." });
    }
    const pointing = await connection.query<{ host: string }>(
      "SELECT host FROM aliases WHERE (deployment = $1 AND kind <> 'deployment') OR canary = $1",
      [id],
    );
    if (pointing.length > 0) {
      throw new DeploymentInUseError(
        `Deployment ${id} answers at ${pointing.map((alias) => alias.host).join(", ")}`,
        { hint: "Release another deployment there first, or remove the whole app." },
      );
    }
    await connection.query("UPDATE deployments SET state = 'removed' WHERE id = $1", [id]);
    await record(connection, { who, action: "deployment.remove", app, object: id });
  });
  await withdraw(parts, id);
}
