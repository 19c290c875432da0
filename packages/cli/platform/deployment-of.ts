import type { ControlClient } from "@evenkeel/control";
import type { AppName } from "@evenkeel/model";
import { UsageError } from "../errors.ts";

/**
 * The id of a deployment that was named together with an app, once it is known to be one of that app: a slip must not lead to another
 * app's.
 *
 * @throws UsageError
 */
export async function deploymentOf(client: ControlClient, app: AppName, id: string): Promise<string> {
  const deployment = await client.getDeployment({ deployment: id });
  if (deployment.app === app) return deployment.id;
  throw new UsageError(`Deployment ${id} is not one of ${app}, but of ${deployment.app}`, {
    hint: `\`evenkeel list ${app}\` shows those of ${app}.`,
  });
}
