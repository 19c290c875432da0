import type { AppName } from "@evenkeel/model";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import { insertApp } from "./app-store.ts";

/** Makes the app where it is missing. @returns whether it was @throws HostTakenError */
export const ensureApp = (
  database: Database,
  app: AppName,
  by: { who: string; domain: string },
): Promise<boolean> =>
  database.transaction(async (connection) => {
    const inserted = await insertApp(connection, app, by);
    if (inserted) await record(connection, { who: by.who, action: "app.create", app });
    return inserted;
  });
