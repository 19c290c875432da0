import { getApp } from "../../apps/app-store.ts";
import type { healthRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function healthHandlers({ database, health }: ControlParts): HandlersOf<typeof healthRoutes> {
  return {
    async getAppHealth({ params: { app, environment } }) {
      await getApp(database, app);
      return { checks: health.checks(app, environment) };
    },
  };
}
