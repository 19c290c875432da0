import { getApp } from "../../apps/app-store.ts";
import { environmentPlan, setEnvironmentPlan } from "../../gates/release-plan.ts";
import type { releasePlanRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function releasePlanHandlers({
  database,
  health,
}: ControlParts): HandlersOf<typeof releasePlanRoutes> {
  return {
    async getReleasePlan({ params }) {
      await getApp(database, params.app);
      return { environment: params.environment, plan: await environmentPlan(database, params) };
    },
    async setReleasePlan({ params, body: { plan }, caller }) {
      await getApp(database, params.app);
      await database.transaction((connection) => setEnvironmentPlan(connection, params, plan, caller.name));
      health.nudge();
      return { environment: params.environment, plan: await environmentPlan(database, params) };
    },
  };
}
