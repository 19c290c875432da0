import type { AppName, Formation, ServingChange } from "@evenkeel/model";
import type { DeployableEnvironment, ProcessWish } from "../api/contract/index.ts";
import { getApp } from "../apps/app-store.ts";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import type { Connection } from "../database/connection.ts";
import { type DeploymentRow, deploymentColumns } from "../deployments/deployment-row.ts";
import { ProcessTypeUnknownError } from "../errors.ts";
import { readScalings } from "../scaling/scaling-store.ts";
import { type ServedKeys, servedDeployment, servedKeyColumns } from "../serving/served-deployment.ts";
import type { Serving } from "../serving/serving.ts";
import { defaultMemoryMb, effectiveFormation, readFormation, writeFormation } from "./formation-store.ts";

export interface ScaleWish {
  app: AppName;
  environment: DeployableEnvironment;
  processes: Record<string, ProcessWish>;
  who: string;
}

/**
 * Changes how many processes of some types an environment has, for what runs now and every deployment to come. All or nothing.
 *
 * @returns the whole formation, as the newest deployment has it
 * @throws AppUnknownError, ProcessTypeUnknownError
 */
export async function scaleProcesses(serving: Serving, wish: ScaleWish): Promise<Formation> {
  const { app, environment, processes, who } = wish;
  const { result, published } = await serving.change(async (connection) => {
    await lockEnvironment(connection, app, environment);
    const deployments = await servedWithProcesses(connection, app, environment);
    refuseUnknown(wish, deployments);
    const before = new Map((await readFormation(connection, app, environment)).map((row) => [row.type, row]));
    for (const [type, { count, memoryMb }] of Object.entries(processes)) {
      const size = memoryMb ?? before.get(type)?.memoryMb ?? defaultMemoryMb;
      await writeFormation(connection, wish, { type, count, memoryMb: size });
    }
    await record(connection, { who, action: "process.scale", app, detail: { environment, processes } });
    const rows = await readFormation(connection, app, environment);
    const owner = await getApp(connection, app);
    const scalings = await readScalings(connection, { app, environment });
    const changes = deployments.map(
      (deployment): ServingChange => ({
        put: "deployment",
        deployment: servedDeployment(deployment, owner, { formation: rows, scalings }),
      }),
    );
    return { changes, result: effectiveFormation(deployments[0]!.processes!, rows) };
  });
  await published;
  return result;
}

type ServedRow = DeploymentRow & ServedKeys;

/** Those that edges and host know, newest first. */
const servedWithProcesses = (
  connection: Connection,
  app: AppName,
  environment: DeployableEnvironment,
): Promise<ServedRow[]> =>
  connection.query<ServedRow>(
    `SELECT ${deploymentColumns}, ${servedKeyColumns} FROM deployments WHERE app = $1 AND environment = $2 AND processes IS NOT NULL
       AND EXISTS (SELECT FROM aliases WHERE aliases.deployment = deployments.id AND kind = 'deployment')
     ORDER BY sequence DESC`,
    [app, environment],
  );

function refuseUnknown({ app, environment, processes }: ScaleWish, deployments: DeploymentRow[]): void {
  const known = new Set(
    deployments.flatMap((deployment) => Object.keys(effectiveFormation(deployment.processes!, []))),
  );
  const unknown = Object.keys(processes).find((type) => !known.has(type));
  if (unknown !== undefined || known.size === 0) {
    throw new ProcessTypeUnknownError(app, environment, unknown ?? "web", [...known]);
  }
}
