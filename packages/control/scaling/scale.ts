import type { AppEnvironment, ServedDeployment, ServingChange } from "@evenkeel/model";
import type { ScaleWish } from "@evenkeel/runbook";
import { getApp } from "../apps/app-store.ts";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import { type DeploymentRow, deploymentColumns } from "../deployments/deployment-row.ts";
import { readFormation } from "../processes/formation-store.ts";
import { type ServedKeys, servedDeployment, servedKeyColumns } from "../serving/served-deployment.ts";
import type { Serving } from "../serving/serving.ts";
import type { Scaling } from "./scaling.ts";
import { readScalings, writeScaling } from "./scaling-store.ts";

export interface ScaleStep extends AppEnvironment {
  clause: string;
  wish: ScaleWish;
  direction: "up" | "down";
  /** Who asked for it, as the audit log names it. */
  who: string;
}

/**
 * Makes what a clause asks for larger by a step, or smaller again, for what runs now and every deployment to come. A second step up at the limit
 * changes nothing.
 *
 * @returns what came of it, in words
 */
export async function scale(serving: Serving, { wish, direction, ...step }: ScaleStep): Promise<string> {
  const { app, environment, clause, who } = step;
  const { resource, most = null } = wish;
  const { result, published } = await serving.change(async (connection) => {
    await lockEnvironment(connection, app, environment);
    const now = await servedNow(connection, step);
    const others = now.scalings.filter((scaling) => scaling.clause !== clause);
    const before = now.scalings.find((scaling) => scaling.clause === clause)?.steps ?? 0;
    const next: Scaling = { clause, resource, steps: before + (direction === "up" ? 1 : -1), most };
    const told = new Set(now.as(now.scalings).map((served) => JSON.stringify(served)));
    const after = now.as([...others, next]);
    const changed = after.filter((served) => !told.has(JSON.stringify(served)));
    // A step that changes nothing is not counted, so that the first one back shows.
    if (direction === "up" && changed.length === 0)
      return {
        changes: [],
        result: after[0] ? `${sizeText(after[0], resource)}, which is the limit` : nothing,
      };
    await writeScaling(connection, step, next);
    const said = after[0] ? sizeText(after[0], resource) : nothing;
    await record(connection, {
      ...{ who, action: "scaling.change", app },
      detail: { environment, clause, resource, direction, said },
    });
    return { changes: changed.map(put), result: said };
  });
  await published;
  return result;
}

/** Sets back what clauses asked for that are in force no more. */
export async function endScalings(
  serving: Serving,
  of: AppEnvironment,
  clauses: readonly string[],
): Promise<void> {
  const { published } = await serving.change(async (connection) => {
    await lockEnvironment(connection, of.app, of.environment);
    const now = await servedNow(connection, of);
    const ended = now.scalings.filter(({ clause }) => clauses.includes(clause));
    for (const scaling of ended) await writeScaling(connection, of, { ...scaling, steps: 0 });
    const rest = now.scalings.filter((scaling) => !ended.includes(scaling));
    return { changes: now.as(rest).map(put), result: undefined };
  });
  await published;
}

const nothing = "nothing is deployed";
const put = (deployment: ServedDeployment): ServingChange => ({ put: "deployment", deployment });

/** What an environment has, and what edges and host are told of its deployments, newest first, with any scalings. */
async function servedNow(
  connection: Connection,
  of: AppEnvironment,
): Promise<{ scalings: Scaling[]; as(scalings: readonly Scaling[]): ServedDeployment[] }> {
  const { app, environment } = of;
  const rows = await connection.query<DeploymentRow & ServedKeys>(
    `SELECT ${deploymentColumns}, ${servedKeyColumns} FROM deployments WHERE app = $1 AND environment = $2 AND output IS NOT NULL
       AND EXISTS (SELECT FROM aliases WHERE aliases.deployment = deployments.id AND kind = 'deployment')
     ORDER BY sequence DESC`,
    [app, environment],
  );
  const owner = await getApp(connection, app);
  const formation = await readFormation(connection, app, environment);
  return {
    scalings: await readScalings(connection, of),
    as: (scalings) => rows.map((row) => servedDeployment(row, owner, { formation, scalings })),
  };
}

function sizeText(
  { formation, maxInstances, memory }: ServedDeployment,
  resource: ScaleWish["resource"],
): string {
  const web = formation?.["web"];
  if (resource === "instances")
    return web ? `${web.count} web processes` : `at most ${maxInstances} instances of a function`;
  if (web) return `${web.memoryMb} MB for each web process`;
  return memory
    ? `${memory.factor} times the memory for each function`
    : "the usual memory for each function";
}
