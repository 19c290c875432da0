import { appLogFolder, readLogSettings, searchLogs, streamLogs, writeLogSettings } from "@evenkeel/logs";
import { getApp } from "../../apps/app-store.ts";
import { record } from "../../audit/audit-log.ts";
import type { logRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function logHandlers({ database, layout }: ControlParts): HandlersOf<typeof logRoutes> {
  return {
    async searchLogs({ params: { app }, query, signal }) {
      await getApp(database, app);
      return searchLogs(appLogFolder(layout, app), given(query), signal);
    },
    async streamLogs({ params: { app }, query: { follow = false, newest, after, ...query }, signal }) {
      await getApp(database, app);
      return streamLogs(appLogFolder(layout, app), { query: given(query), follow, newest, after, signal });
    },
    async getLogSettings({ params: { app } }) {
      await getApp(database, app);
      return readLogSettings(appLogFolder(layout, app));
    },
    async setLogSettings({ params: { app }, body, caller }) {
      await getApp(database, app);
      const folder = appLogFolder(layout, app);
      const settings = { ...readLogSettings(folder), ...given(body) };
      writeLogSettings(folder, settings);
      await record(database, { who: caller.name, action: "logs.settings", app, detail: body });
      return settings;
    },
  };
}

/** Without what was not said, so that it does not stand over what is usual. */
function given<Values extends object>(
  values: Values,
): { [Name in keyof Values]: Exclude<Values[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
