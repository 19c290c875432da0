import type { AppName, DeploymentId, ErrorJson } from "@evenkeel/model";
import { z } from "zod";
import type { DatabaseEvent } from "./databases.ts";
import { appParams, type DeployableEnvironment, deployableEnvironment, reason } from "./parameters.ts";
import { json, stream } from "./route.ts";

/** As in `docs/MIGRATIONS.md`. */
export type MigrationEffect = "additive" | "blocking" | "opaque" | "destructive";

export interface MigrationStatement {
  migration: string;
  file: string;
  line: number;
  /** Shortened to one line. */
  text: string;
  effect: MigrationEffect;
  /** Each completes "it ...". */
  reasons: string[];
  remedies: string[];
}

export interface MigrationState {
  name: string;
  /** `half-way`: it cannot be rolled back, and stopped; see `resolveMigrations`. */
  state: "applied" | "pending" | "half-way";
  effect: MigrationEffect;
  /** Releases of before it cannot be brought back while it is there. */
  breaksOldCode: boolean;
  ranAtMs?: number;
  /** `db restore --to` there undoes it. */
  lsnBefore?: string;
  /** Of pending ones. */
  statements?: MigrationStatement[];
}

export interface MigrationApproval {
  /** Names exactly these statements, or this command. */
  key: string;
  /** Nothing runs without it. Otherwise it only lifts the limit of blocking statements. */
  required: boolean;
  /** Names of the migrations that it is about; of a command, its tool. */
  migrations: string[];
  /** Who gave it, while it is good. */
  approved?: { by: string; atMs: number };
}

export interface MigrationsReport {
  app: AppName;
  environment: DeployableEnvironment;
  /** Absent: no deployment of the environment has a database and migrations. */
  deployment?: DeploymentId;
  database?: "own" | "external";
  kind?: "sql" | "prisma" | "drizzle" | "command";
  folder?: string;
  command?: string[];
  /** In the order in which they ran, then in which they will run. */
  migrations: MigrationState[];
  approval?: MigrationApproval;
  /** Why nothing can run: a migration stopped half-way, a file that has run was changed, one is no SQL. */
  problem?: ErrorJson;
}

const params = z.object({ ...appParams.shape, environment: deployableEnvironment });
const path = "/api/apps/:app/databases/:environment/migrations";

export const migrationRoutes = {
  /** Of the newest deployment that brings migrations, compared with the database as it is now. */
  getMigrations: json<MigrationsReport>()({ method: "GET", path, permission: "read", params }),
  /** Runs what is pending, outside of a deploy; under the same guard. */
  runMigrations: stream<DatabaseEvent<{ report: MigrationsReport }>>()({
    method: "POST",
    path,
    permission: "deploy",
    params,
  }),
  /** Lets exactly the statements run that `getMigrations` named by `key`. */
  approveMigrations: json<{ approval: MigrationApproval }>()({
    method: "POST",
    path: `${path}/approvals`,
    permission: "configure",
    params,
    body: z.strictObject({ key: z.string().regex(/^[0-9a-f]{32,64}$/), reason }),
  }),
  /** After somebody has finished or undone by hand what stopped half-way. */
  resolveMigrations: json<{ migrations: string[] }>()({
    method: "POST",
    path: `${path}/resolve`,
    permission: "configure",
    params,
    body: z.strictObject({ outcome: z.enum(["done", "undone"]) }),
  }),
};
