import type { AppName } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { listNotificationRows } from "../../notifications/notification-list.ts";
import type { Caller } from "../../tokens/caller.ts";
import type { NewChannel, notificationRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function notificationHandlers({
  database,
  channels,
}: ControlParts): HandlersOf<typeof notificationRoutes> {
  const add = (app: AppName | null, body: NewChannel, caller: Caller) =>
    channels.add(app, { ...body, isLocal: caller.permissions.has("admin") }, caller.name);
  const test = async (app: AppName | null, name: string) => {
    const { reference } = await channels.test(app, name);
    return { sent: true as const, ...(reference !== undefined && { reference }) };
  };
  const list = async (app: AppName | null) => ({ channels: await channels.list(app) });
  const log = async (app: AppName | null, query: { limit: number; before?: number | undefined }) => ({
    notifications: await listNotificationRows(database, { app, ...query }),
  });
  return {
    async listChannels({ params: { app } }) {
      await getApp(database, app);
      return list(app);
    },
    async addChannel({ params: { app }, body, caller }) {
      await getApp(database, app);
      return add(app, body, caller);
    },
    async removeChannel({ params: { app, channel }, caller }) {
      await channels.remove(app, channel, caller.name);
      return { removed: true };
    },
    testChannel: ({ params: { app, channel } }) => test(app, channel),
    async listNotifications({ params: { app }, query }) {
      await getApp(database, app);
      return log(app, query);
    },
    listPlatformChannels: () => list(null),
    addPlatformChannel: ({ body, caller }) => add(null, body, caller),
    async removePlatformChannel({ params: { channel }, caller }) {
      await channels.remove(null, channel, caller.name);
      return { removed: true };
    },
    testPlatformChannel: ({ params: { channel } }) => test(null, channel),
    listPlatformNotifications: ({ query }) => log(null, query),
  };
}
