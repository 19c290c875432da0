import { createHash, randomBytes } from "node:crypto";
import { type AppEnvironment, type DeploymentId, flagsPath } from "@evenkeel/model";
import type { Place } from "../apps/hosts.ts";
import type { Connection } from "../database/connection.ts";
import type { Vault } from "../vault/vault.ts";

/** Each deployment has its own. */
export const flagsVariable = "OFREP_ENDPOINT";

/**
 * Gives a new deployment the address at which its processes ask for flags. The key in it is the deployment's own; edges know its hash alone. A
 * person's variable of this name stays: their flags are elsewhere.
 */
export async function attachFlags(
  connection: Connection,
  { vault, place }: { vault: Vault; place: Place },
  { app, environment, id }: AppEnvironment & { id: DeploymentId },
): Promise<void> {
  const key = randomBytes(32).toString("base64url");
  const endpoint = `http://127.0.0.1:${place.port}${flagsPath}/key/${key}`;
  const attached = await connection.query(
    `INSERT INTO deployment_variables (deployment, name, sealed, attached) VALUES ($1, $2, $3, true)
     ON CONFLICT (deployment, name) DO NOTHING RETURNING 1`,
    [id, flagsVariable, vault.seal(endpoint, { app, environment, name: flagsVariable })],
  );
  if (attached.length === 0) return;
  await connection.query("UPDATE deployments SET flags_key_hash = $2 WHERE id = $1", [
    id,
    createHash("sha256").update(key).digest("hex"),
  ]);
}
