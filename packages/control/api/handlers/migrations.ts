import { migrator } from "@evenkeel/postgres/migrations/migrator";
import { getApp } from "../../apps/app-store.ts";
import { record } from "../../audit/audit-log.ts";
import { withProgress } from "../../databases/with-progress.ts";
import { MigrationsChangedError, MigrationsOnlyByDeployError } from "../../errors.ts";
import { approveMigrations } from "../../migrations/approve-migrations.ts";
import { migrateDatabase } from "../../migrations/migrate-database.ts";
import { currentMigrations, migrationsReport } from "../../migrations/migrations-report.ts";
import { statementView } from "../../migrations/statement-view.ts";
import type { migrationRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function migrationHandlers(parts: ControlParts): HandlersOf<typeof migrationRoutes> {
  const { database } = parts;
  const current = async (params: Parameters<typeof currentMigrations>[1]) => {
    await getApp(database, params.app);
    return currentMigrations(parts, params);
  };
  return {
    async getMigrations({ params, signal }) {
      const { plan: _, ...report } = await migrationsReport(parts, await current(params), signal);
      return report;
    },
    runMigrations: ({ params, caller }) =>
      withProgress(async (onProgress) => {
        const { app, environment } = params;
        const migrations = await current(params);
        const { deployment, target, set } = migrations;
        if (set.kind === "command") throw new MigrationsOnlyByDeployError(app, set.tool);
        const detail = { environment };
        await record(database, {
          who: caller.name,
          action: "migration.run",
          app,
          object: deployment.id,
          detail,
        });
        await migrateDatabase(parts, deployment, target, set, {
          note: (step) => onProgress({ step }),
          // Whoever asked may go away; what was begun comes to its end.
          signal: new AbortController().signal,
        });
        const { plan: _, ...report } = await migrationsReport(parts, migrations);
        return { report };
      }),
    async approveMigrations({ params, body: { key, reason }, caller }) {
      const migrations = await current(params);
      const { set } = migrations;
      const { approval, plan } = await migrationsReport(parts, migrations);
      if (approval?.key !== key) throw new MigrationsChangedError(params.app, params.environment);
      const statements =
        set.kind === "command"
          ? [{ command: set.command }]
          : (plan!.approval?.statements ?? []).map(statementView);
      await approveMigrations(database, migrations.deployment, {
        ...{ ...params, key, statements, migrations: approval.migrations, reason },
        by: { who: caller.name, voice: caller.voice },
      });
      return { approval: (await migrationsReport(parts, migrations)).approval! };
    },
    async resolveMigrations({ params, body: { outcome }, caller }) {
      const { app, environment } = params;
      const { target, set } = await current(params);
      const names = await migrator({
        ...{ type: "resolve", address: target.address, outcome },
        ...(set.kind === "command" ? {} : { set }),
      });
      const detail = { environment, outcome };
      await record(database, {
        who: caller.name,
        action: "migration.resolve",
        app,
        object: names.join(" "),
        detail,
      });
      return { migrations: names };
    },
  };
}
