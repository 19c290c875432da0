import { updateSettings } from "../../apps/app-store.ts";
import { viewApp, viewApps } from "../../apps/app-view.ts";
import { ensureApp } from "../../apps/ensure-app.ts";
import { removeApp } from "../../apps/remove-app.ts";
import { record } from "../../audit/audit-log.ts";
import { visibleApps } from "../../people/capabilities.ts";
import type { appRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function appHandlers(parts: ControlParts): HandlersOf<typeof appRoutes> {
  const { database, place } = parts;
  return {
    async listApps({ caller }) {
      return { apps: await viewApps(database, place, visibleApps(caller)) };
    },
    getApp: ({ params }) => viewApp(database, params.app, place),
    async ensureApp({ params: { app }, caller }) {
      const created = await ensureApp(database, app, { who: caller.name, domain: place.domain });
      return { ...(await viewApp(database, app, place)), created };
    },
    async updateApp({ params: { app }, body, caller }) {
      await database.transaction(async (connection) => {
        await updateSettings(connection, app, body);
        await record(connection, { who: caller.name, action: "app.settings", app, detail: { ...body } });
      });
      return viewApp(database, app, place);
    },
    async removeApp({ params, caller }) {
      const removed = await removeApp(parts, params.app, caller.name);
      await parts.branches.settle();
      return { removed: true, ...removed };
    },
  };
}
