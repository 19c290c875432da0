import { isDeepStrictEqual } from "node:util";
import { SourceTree } from "@evenkeel/build/detect/source-tree";
import { type FlagSet, parseFlagSet } from "@evenkeel/flags";
import type { AppEnvironment, DeploymentId, ServingChange } from "@evenkeel/model";
import { getApp } from "../apps/app-store.ts";
import { type Connection, first } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { BuildLog } from "../logs/build-log.ts";
import { appendFlags, readFlags } from "./flag-store.ts";

/**
 * Notes what the source of a deployment declares: `flags.<environment>.flagd.json`, or `flags.flagd.json` for every environment. It comes into
 * force with the release. May be repeated.
 *
 * @throws FlagSetInvalidError
 */
export async function noteDeclaredFlags(
  database: Database,
  deployment: Pick<DeploymentRow, "id" | "app" | "environment">,
  sourceFolder: string,
  log: BuildLog,
): Promise<void> {
  const { settings } = await getApp(database, deployment.app);
  const tree = new SourceTree(sourceFolder);
  const folder = tree.appFolder(settings.rootDirectory ?? "");
  for (const name of [`flags.${deployment.environment}.flagd.json`, "flags.flagd.json"]) {
    const path = folder === "" ? name : `${folder}/${name}`;
    const text = tree.readText(path);
    if (text === undefined) continue;
    const set = parseFlagSet(text, path);
    await database.query("UPDATE deployments SET flag_set = $2 WHERE id = $1", [
      deployment.id,
      JSON.stringify(set),
    ]);
    log.note(`${path} declares ${Object.keys(set.flags).length} flags`);
    return;
  }
}

/**
 * Puts what a deployment declares into force with its release, and with it what was declared before when the release is a rollback. What was
 * changed at run time stays over it. The caller holds the environment's row.
 */
export async function declareReleasedFlags(
  connection: Connection,
  owner: AppEnvironment,
  deployment: DeploymentId,
  who: string,
): Promise<ServingChange[]> {
  const row = await first(
    connection.query<{ flag_set: FlagSet | null }>("SELECT flag_set FROM deployments WHERE id = $1", [
      deployment,
    ]),
  );
  if (!row?.flag_set) return [];
  const { version, declared, overrides } = (await readFlags(connection, owner))!;
  if (version > 0 && isDeepStrictEqual(declared, row.flag_set)) return [];
  const flags = await appendFlags(connection, owner, {
    ...{ action: "declare", declared: row.flag_set, overrides, detail: { deployment }, who },
  });
  return [{ put: "flags", flags }];
}
