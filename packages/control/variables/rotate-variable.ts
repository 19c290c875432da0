import type { AppName, DeploymentId, EnvironmentName } from "@evenkeel/model";
import type { Database } from "../database/database.ts";
import { RotationUnderWayError, VariableRefusedError, VariableUnknownError } from "../errors.ts";
import { cronSecretName, generatedCronSecret, replaceCronSecret } from "../schedules/cron-secret.ts";
import type { Vault } from "../vault/vault.ts";
import type { Configurer } from "./configurer.ts";

/** The old value of a variable that is being rotated. */
export const previousName = (name: string): string => `${name}_PREVIOUS`;

interface Parts {
  database: Database;
  vault: Vault;
  configurer: Configurer;
}

interface Named {
  app: AppName;
  environment: EnvironmentName;
  name: string;
  who: string;
}

/**
 * Gives a variable a new value; a generated `CRON_SECRET` becomes the environment's own by it. Until the overlap ends the app has both, the old one as `<name>_PREVIOUS`, and can accept what was signed, sent or
 * issued with either.
 *
 * @throws VariableUnknownError, VariableRefusedError where the value is the one it has, RotationUnderWayError; what `Configurer.change` throws
 */
export async function rotateVariable(
  { database, vault, configurer }: Parts,
  rotation: Named & { value: string; overlapMs: number; reason?: string | undefined },
): Promise<{ deployments: DeploymentId[]; previousUntilMs?: number }> {
  const { app, environment, name, who, value, overlapMs } = rotation;
  const endsAt = new Date(Date.now() + overlapMs);
  const generated =
    name === cronSecretName ? await generatedCronSecret(database, vault, { app, environment }) : undefined;
  const deployments = await configurer.change(
    {
      ...{ app, environments: [environment], kind: "rotate", release: true, reason: rotation.reason, who },
      variables: (current) => {
        const before = current.get(name)?.value ?? generated;
        if (before === undefined) throw new VariableUnknownError([name], environment);
        if (before === value)
          throw new VariableRefusedError([{ name, reason: "the new value is the one that it has" }]);
        if (current.has(previousName(name))) throw new RotationUnderWayError(app, environment, name);
        const previous = overlapMs > 0 ? { [previousName(name)]: before } : {};
        return { set: { [name]: value, ...previous }, remove: [] };
      },
    },
    async (connection) => {
      if (generated !== undefined) await replaceCronSecret(connection, vault, { app, environment }, value);
      if (overlapMs === 0) return;
      await connection.query(
        `INSERT INTO variable_overlaps (app, environment, name, ends_at, created_by) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (app, environment, name) DO UPDATE SET ends_at = excluded.ends_at, created_by = excluded.created_by`,
        [app, environment, name, endsAt, who],
      );
    },
  );
  return { deployments, ...(overlapMs > 0 ? { previousUntilMs: endsAt.getTime() } : {}) };
}

/** Takes the previous value away, if it is still there, with a release. May be repeated. */
export async function endOverlap(
  { database, configurer }: Parts,
  { app, environment, name, who }: Named,
): Promise<DeploymentId[]> {
  const previous = previousName(name);
  const deployments = await configurer.change({
    ...{ app, environments: [environment], kind: "overlap_end", release: true, who },
    variables: (current) => ({ set: {}, remove: current.has(previous) ? [previous] : [] }),
  });
  await database.query("DELETE FROM variable_overlaps WHERE app = $1 AND environment = $2 AND name = $3", [
    app,
    environment,
    name,
  ]);
  return deployments;
}
