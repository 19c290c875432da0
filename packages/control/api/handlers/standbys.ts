import { getApp } from "../../apps/app-store.ts";
import { record } from "../../audit/audit-log.ts";
import { requireDatabase } from "../../databases/database-store.ts";
import { decisionOf } from "../../databases/failover-decision.ts";
import { withProgress } from "../../databases/with-progress.ts";
import type { standbyRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function standbyHandlers({
  database,
  databases,
  failovers,
}: ControlParts): HandlersOf<typeof standbyRoutes> {
  return {
    addStandby: ({ params: { app, environment }, body, caller }) =>
      withProgress(async (onProgress) => {
        await requireDatabase(database, { app, environment });
        const { sync, path } = body;
        const place = path === undefined ? {} : { path };
        const reply = await databases.ask(
          { type: "addStandby", sync, ...place, app, environment },
          onProgress,
        );
        const detail = { environment, sync, folder: reply.database!.standby?.folder };
        await record(database, { who: caller.name, action: "database.standby", app, detail });
        return { database: reply.database! };
      }),
    removeStandby: ({ params: { app, environment }, caller }) =>
      withProgress(async () => {
        await requireDatabase(database, { app, environment });
        await databases.ask({ type: "removeStandby", app, environment });
        await record(database, {
          who: caller.name,
          action: "database.standby-remove",
          app,
          detail: { environment },
        });
        return {};
      }),
    failOver: ({ params: { app, environment }, body: { reason, decidedBy }, caller }) =>
      withProgress(async (onProgress) => {
        await requireDatabase(database, { app, environment });
        const by = await decisionOf(database, { app, environment }, caller.name, decidedBy);
        const { failover } = await databases.ask(
          { type: "failover", by, reason, app, environment },
          onProgress,
        );
        await failovers.keep(failover!);
        return { failover: failover! };
      }),
    failBack: ({ params: { app, environment }, body: { reason, switchBack, decidedBy }, caller }) =>
      withProgress(async (onProgress) => {
        await requireDatabase(database, { app, environment });
        const by = await decisionOf(database, { app, environment }, caller.name, decidedBy);
        const reply = await databases.ask(
          { type: "failback", switchBack, by, reason, app, environment },
          onProgress,
        );
        const detail = { environment, switchBack, by };
        await record(database, { who: caller.name, action: "database.failback-asked", app, detail });
        return { database: reply.database! };
      }),
    async listFailovers({ params: { app }, query }) {
      await getApp(database, app);
      return { failovers: await failovers.list({ app, ...query }) };
    },
  };
}
