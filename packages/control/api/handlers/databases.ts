import type { AppEnvironment, DatabaseProgress, DatabaseReport } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { lockEnvironment } from "../../apps/lock-environment.ts";
import { record } from "../../audit/audit-log.ts";
import {
  giveUpDatabases,
  listDatabases,
  requireDatabase,
  wantDatabase,
} from "../../databases/database-store.ts";
import { externalDatabases } from "../../databases/external-databases.ts";
import { withProgress } from "../../databases/with-progress.ts";
import type { databaseRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function databaseHandlers(parts: ControlParts): HandlersOf<typeof databaseRoutes> {
  const { database, vault, databases, databaseRemover } = parts;
  const reports = async (): Promise<DatabaseReport[]> =>
    (await databases.ask({ type: "list" })).databases ?? [];
  const audit = ({ app, environment }: AppEnvironment, who: string, action: string, detail: object = {}) =>
    record(database, { who, action, app, detail: { environment, ...detail } });
  return {
    async listAllDatabases() {
      return { databases: await reports(), external: await externalDatabases(database, vault) };
    },
    async listDatabases({ params: { app } }) {
      await getApp(database, app);
      const external = await externalDatabases(database, vault, app);
      const names = await listDatabases(database, app);
      // Without any there is nobody to ask.
      if (names.length === 0) return { databases: [], external };
      const wanted = new Set(names.map(({ environment }) => environment));
      const all = await reports();
      const own = all.filter((report) => report.app === app && wanted.has(report.environment));
      return { databases: own, external };
    },
    createDatabase: ({ params, caller }) =>
      withProgress(async (onProgress) => {
        const { id: appId } = await getApp(database, params.app);
        const created = await database.transaction((connection) =>
          wantDatabase(connection, params, caller.name),
        );
        const reply = await databases.ask({ type: "ensure", appId, ...params }, onProgress);
        return { database: reply.database!, created };
      }),
    removeDatabase: ({ params, caller }) =>
      withProgress(async (onProgress) => {
        const { app, environment } = params;
        await getApp(database, app);
        await requireDatabase(database, params);
        await database.transaction(async (connection) => {
          await lockEnvironment(connection, app, environment);
          await giveUpDatabases(connection, app, environment);
          const detail = { environment };
          await record(connection, { who: caller.name, action: "database.remove", app, detail });
        });
        const removed = await databaseRemover.remove(params, onProgress);
        return removed ? { removed } : {};
      }),
    async getDatabaseCredentials({ params, caller }) {
      await requireDatabase(database, params);
      const { variables = {} } = await databases.ask({ type: "credentials", ...params });
      await audit(params, caller.name, "database.credentials");
      return { variables };
    },
    backUpDatabase: ({ params, caller }) =>
      withProgress(async (onProgress: (progress: DatabaseProgress) => void) => {
        await requireDatabase(database, params);
        const { backup } = await databases.ask({ type: "backup", ...params }, onProgress);
        await audit(params, caller.name, "database.backup", { backup: backup!.id });
        return { backup: backup! };
      }),
    async listBackups({ params }) {
      await requireDatabase(database, params);
      return { backups: (await databases.ask({ type: "backups", ...params })).backups ?? [] };
    },
    async setDatabaseTerms({ params, body, caller }) {
      await requireDatabase(database, params);
      const { app, environment } = params;
      const reply = await databases.ask({ type: "setTerms", app, environment, terms: body });
      await audit(params, caller.name, "database.terms", body);
      return { database: reply.database! };
    },
    async listUpkeepRuns({ params }) {
      await requireDatabase(database, params);
      return { runs: (await databases.ask({ type: "upkeepRuns", ...params })).upkeep ?? [] };
    },
    runUpkeep: ({ params, caller }) =>
      withProgress(async (onProgress) => {
        await requireDatabase(database, params);
        onProgress({ step: `Running ${params.task}` });
        await audit(params, caller.name, "database.upkeep", { task: params.task });
        const { upkeep } = await databases.ask({ type: "runUpkeep", ...params });
        return { run: upkeep![0]! };
      }),
    async getDatabaseSize({ params }) {
      await requireDatabase(database, params);
      return { size: (await databases.ask({ type: "size", ...params })).size! };
    },
    async listStatements({ params }) {
      await requireDatabase(database, params);
      return { statements: (await databases.ask({ type: "statements", ...params })).statements ?? [] };
    },
    restoreDatabase: ({ params, body, caller }) =>
      withProgress(async (onProgress) => {
        await requireDatabase(database, params);
        // Before it happens: whatever becomes of it, it is known who asked.
        await audit(params, caller.name, "database.restore", { to: body.to });
        const { restored } = await databases.ask({ type: "restore", to: body.to, ...params }, onProgress);
        return { restored: restored! };
      }),
  };
}
