import type { DeploymentId, ServingChange } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import { keptPrevious } from "../releases/append-release.ts";
import type { StagedRow } from "./staged-release-store.ts";

interface SplitAlias {
  host: string;
  deployment: DeploymentId;
  release: number | null;
  previous: DeploymentId[];
}

/** The environment's alias, and production's custom domains. */
const hostsOf = "app = $1 AND deployment IS NOT NULL AND (host = $2 OR ($3 AND kind = 'domain'))";
const returned = "RETURNING host, deployment, release, previous";

/** Gives the canary this share of the visitors. The caller holds the environment's row. */
export async function splitAliases(
  connection: Connection,
  { app, environment, host, deployment }: Pick<StagedRow, "app" | "environment" | "host" | "deployment">,
  share: number,
): Promise<ServingChange[]> {
  const aliases = await connection.query<SplitAlias & Record<string, unknown>>(
    `UPDATE aliases SET canary = $4, canary_share = $5 WHERE ${hostsOf} ${returned}`,
    [app, host, environment === "production", deployment, share],
  );
  return aliases.map((alias) => ({
    put: "alias",
    alias: { ...served(alias), canary: { deployment, share } },
  }));
}

/** All visitors go back to what answered before; pages of the canary still find their hashed files. */
export async function joinAliases(
  connection: Connection,
  { app, environment, host, deployment }: Pick<StagedRow, "app" | "environment" | "host" | "deployment">,
): Promise<ServingChange[]> {
  const aliases = await connection.query<SplitAlias & Record<string, unknown>>(
    `UPDATE aliases SET canary = NULL, canary_share = NULL,
       previous = (array_prepend($4, array_remove(previous, $4)))[1:${keptPrevious}]
     WHERE ${hostsOf} AND canary = $4 ${returned}`,
    [app, host, environment === "production", deployment],
  );
  return aliases.map((alias) => ({ put: "alias", alias: served(alias) }));
}

const served = ({ host, deployment, release, previous }: SplitAlias) => ({
  ...{ host, deployment, previous },
  ...(release !== null && { release }),
});
