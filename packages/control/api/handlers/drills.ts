import { getApp } from "../../apps/app-store.ts";
import { requireDatabase } from "../../databases/database-store.ts";
import { withProgress } from "../../databases/with-progress.ts";
import { listDrills, readDrill } from "../../drills/drill-store.ts";
import { DrillUnknownError } from "../../errors.ts";
import { actorOf } from "../../incidents/actor.ts";
import type { drillRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

/** Those that need no database of the app's. */
const withoutDatabase = new Set(["critical_service_down", "security_incident"]);

export function drillHandlers({ database, drills }: ControlParts): HandlersOf<typeof drillRoutes> {
  return {
    runDrill: ({ params: { app, environment }, body: { scenario }, caller }) =>
      withProgress(async (onProgress) => {
        await getApp(database, app);
        if (!withoutDatabase.has(scenario)) await requireDatabase(database, { app, environment });
        const by = { actor: actorOf(caller), trigger: "manual" as const };
        return { drill: await drills.run({ app, environment }, scenario, by, onProgress) };
      }),
    async listDrills({ params: { app }, query }) {
      await getApp(database, app);
      return { drills: await listDrills(database, { app, ...query }) };
    },
    async getDrill({ params: { app, drill: id } }) {
      const drill = await readDrill(database, app, id);
      if (!drill) throw new DrillUnknownError(app, id);
      return { drill };
    },
    async getContinuity({ params: { app } }) {
      await getApp(database, app);
      return { report: await drills.report(app) };
    },
  };
}
