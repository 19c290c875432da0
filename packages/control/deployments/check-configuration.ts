import { checkEnvironment, readOutput } from "@evenkeel/build";
import { type HomeLayout, newDeploymentId } from "@evenkeel/model";
import { EnvironmentRefusedError } from "../errors.ts";
import type { DeploymentRow } from "./deployment-row.ts";
import type { DeploymentVariable } from "./deployment-variables.ts";
import { buildOnlyVariables } from "./system-environment.ts";

/** As instances have it where the app does not say otherwise. */
const usualEnvironment = { NODE_ENV: "production", TZ: ":UTC", LANG: "C.UTF-8" };

/**
 * Has the schema that an app ships (`env.ts`) validate what its instances would see.
 *
 * @returns its file, and whether it exports a schema at all; undefined where the app has none
 * @throws EnvironmentRefusedError with all faults; EnvSchemaFailedError, RoomFailedError
 */
export async function checkConfiguration(
  layout: HomeLayout,
  deployment: Pick<DeploymentRow, "app" | "environment" | "output" | "systemEnvironment">,
  variables: Pick<DeploymentVariable, "name" | "value">[],
  signal?: AbortSignal,
): Promise<{ name: string; hasSchema: boolean } | undefined> {
  if (deployment.output === null) return undefined;
  const { envSchema: schema } = await readOutput(layout, deployment.output);
  if (!schema) return undefined;
  const environment: Record<string, string> = { ...usualEnvironment };
  for (const { name, value } of variables) environment[name] = value;
  Object.assign(environment, deployment.systemEnvironment);
  for (const name of buildOnlyVariables) delete environment[name];
  // A room of its own, whichever else this deployment has; what a crash leaves of it goes with the next start.
  const { hasSchema, faults } = await checkEnvironment(layout, {
    ...{ id: newDeploymentId(), schema, environment },
    ...(signal && { signal }),
  });
  if (faults.length > 0) {
    throw new EnvironmentRefusedError(deployment.app, deployment.environment, schema.name, faults);
  }
  return { name: schema.name, hasSchema };
}
