import type {
  AppName,
  DatabaseBackup,
  DatabaseProgress,
  DatabaseRemoved,
  DatabaseReport,
  DatabaseRestored,
  DatabaseSize,
  EnvironmentName,
  StatementReport,
  UpkeepRun,
} from "@evenkeel/model";
import { z } from "zod";
import { appParams, deployableEnvironment, recoveryPoint } from "./parameters.ts";
import { json, stream } from "./route.ts";

const databaseParams = z.object({ ...appParams.shape, environment: deployableEnvironment });

/** What is being done, until the one with `done`. */
export type DatabaseEvent<Done> =
  | { type: "progress"; progress: DatabaseProgress }
  | ({ type: "done" } & Done);

/** One that a variable of the environment names. It is migrated under the guard; its backups and point-in-time recovery are its provider's. */
export interface ExternalDatabase {
  app: AppName;
  environment: EnvironmentName;
  state: "external";
  variable: string;
  host: string;
  port: number;
  database: string;
}

export const databaseRoutes = {
  listAllDatabases: json<{ databases: DatabaseReport[]; external: ExternalDatabase[] }>()({
    method: "GET",
    path: "/api/databases",
    permission: "admin",
  }),
  listDatabases: json<{ databases: DatabaseReport[]; external: ExternalDatabase[] }>()({
    method: "GET",
    path: "/api/apps/:app/databases",
    permission: "read",
    params: appParams,
  }),
  /** Where it is missing; deployments that are accepted afterwards get its address. */
  createDatabase: stream<DatabaseEvent<{ database: DatabaseReport; created: boolean }>>()({
    method: "PUT",
    path: "/api/apps/:app/databases/:environment",
    permission: "configure",
    params: databaseParams,
  }),
  /** After a last backup; its archive stays. */
  removeDatabase: stream<DatabaseEvent<{ removed?: DatabaseRemoved }>>()({
    method: "DELETE",
    path: "/api/apps/:app/databases/:environment",
    permission: "configure",
    isFresh: true,
    params: databaseParams,
  }),
  /** `DATABASE_URL` and its like, with the password. */
  getDatabaseCredentials: json<{ variables: Record<string, string> }>()({
    method: "GET",
    path: "/api/apps/:app/databases/:environment/credentials",
    permission: "configure",
    isFresh: true,
    params: databaseParams,
  }),
  backUpDatabase: stream<DatabaseEvent<{ backup: DatabaseBackup }>>()({
    method: "POST",
    path: "/api/apps/:app/databases/:environment/backups",
    permission: "deploy",
    params: databaseParams,
  }),
  /** Oldest first. */
  listBackups: json<{ backups: DatabaseBackup[] }>()({
    method: "GET",
    path: "/api/apps/:app/databases/:environment/backups",
    permission: "read",
    params: databaseParams,
  }),
  /** Schedule, zero loss, upkeep: what is absent stays. */
  setDatabaseTerms: json<{ database: DatabaseReport }>()({
    method: "PATCH",
    path: "/api/apps/:app/databases/:environment/terms",
    permission: "configure",
    params: databaseParams,
    body: z.strictObject({
      schedule: z.array(z.string().max(100)).min(1).max(3).optional(),
      zeroLoss: z.boolean().optional(),
      failoverChecks: z.number().int().min(0).max(100).optional(),
      upkeep: z
        .array(z.strictObject({ name: z.string(), when: z.string().max(100), sql: z.string().max(20_000) }))
        .max(50)
        .optional(),
    }),
  }),
  /** Runs of upkeep that are kept, newest first. */
  listUpkeepRuns: json<{ runs: UpkeepRun[] }>()({
    method: "GET",
    path: "/api/apps/:app/databases/:environment/upkeep",
    permission: "read",
    params: databaseParams,
  }),
  runUpkeep: stream<DatabaseEvent<{ run: UpkeepRun }>>()({
    method: "POST",
    path: "/api/apps/:app/databases/:environment/upkeep/:task",
    permission: "configure",
    params: z.object({ ...databaseParams.shape, task: z.string().max(40) }),
  }),
  /** Where its room goes. */
  getDatabaseSize: json<{ size: DatabaseSize }>()({
    method: "GET",
    path: "/api/apps/:app/databases/:environment/size",
    permission: "read",
    params: databaseParams,
  }),
  /** What takes the database's time. Texts of statements may name what is in it. */
  listStatements: json<{ statements: StatementReport[] }>()({
    method: "GET",
    path: "/api/apps/:app/databases/:environment/statements",
    permission: "configure",
    params: databaseParams,
  }),
  /** Sets it back to a point, in its place; what it was before is kept beside it. */
  restoreDatabase: stream<DatabaseEvent<{ restored: DatabaseRestored }>>()({
    method: "POST",
    path: "/api/apps/:app/databases/:environment/restore",
    permission: "configure",
    isFresh: true,
    params: databaseParams,
    body: z.strictObject({ to: recoveryPoint }),
  }),
};
