import { getApp } from "../../apps/app-store.ts";
import { getDeployment } from "../../deployments/deployment-row.ts";
import { autoDeployPause, pauseAutoDeploy, resumeAutoDeploy } from "../../releases/auto-deploy.ts";
import { absolve, condemn, condemnationOf } from "../../releases/condemnations.ts";
import type { AutoDeploy, releaseRuleRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function releaseRuleHandlers(parts: ControlParts): HandlersOf<typeof releaseRuleRoutes> {
  const { database, staged } = parts;
  const autoDeploy = async (of: Parameters<typeof autoDeployPause>[1] & AutoDeploy): Promise<AutoDeploy> => {
    const paused = await autoDeployPause(database, of);
    return { environment: of.environment, ...(paused && { paused }) };
  };
  return {
    async condemnDeployment({ params: { deployment: id }, body: { reason }, caller }) {
      await getDeployment(database, id);
      await database.transaction((connection) => condemn(connection, id, { who: caller.name, reason }));
      await staged.abortOf(id, { who: caller.name, reason: `It was condemned: ${reason}` });
      return { condemned: (await condemnationOf(database, id))! };
    },
    async absolveDeployment({ params: { deployment: id }, caller }) {
      await getDeployment(database, id);
      return {
        absolved: await database.transaction((connection) => absolve(connection, id, caller.name)),
      };
    },
    async getAutoDeploy({ params }) {
      await getApp(database, params.app);
      return autoDeploy(params);
    },
    async pauseAutoDeploy({ params, body: { reason = "A person asked for it" }, caller }) {
      await getApp(database, params.app);
      await database.transaction((connection) =>
        pauseAutoDeploy(connection, params, { who: caller.name, reason }),
      );
      return autoDeploy(params);
    },
    async resumeAutoDeploy({ params, caller }) {
      await getApp(database, params.app);
      await database.transaction((connection) => resumeAutoDeploy(connection, params, caller.name));
      return autoDeploy(params);
    },
  };
}
