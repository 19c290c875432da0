import type { AppName, EnvironmentName, ErrorJson } from "@evenkeel/model";
import { z } from "zod";
import type { DeploymentSummary } from "./deployments.ts";
import { appParams } from "./parameters.ts";
import { json } from "./route.ts";

/** As Vercel's project settings; each wins over what is detected. `null` takes a setting back. */
const buildSettings = {
  framework: z.string().max(100).nullable().optional(),
  rootDirectory: z.string().max(500).nullable().optional(),
  buildCommand: z.string().max(2_000).nullable().optional(),
  installCommand: z.string().max(2_000).nullable().optional(),
  outputDirectory: z.string().max(500).nullable().optional(),
  nodeVersion: z.enum(["20.x", "22.x", "24.x"]).nullable().optional(),
};

export const appSettings = z.strictObject({
  ...buildSettings,
  /** Variables that are no secrets to browsers: builds may put their values into what those load. */
  publishedVariables: z.array(z.string().min(1).max(256)).max(1_000).nullable().optional(),
  /** A push to it deploys to production; default `main`, and `master` while no push to `main` was seen. */
  productionBranch: z.string().min(1).max(200).optional(),
  /** A function of the app gets at most this many instances; default 10. */
  maxInstances: z.number().int().min(1).max(1_000).optional(),
  /** Run in every copy of its database that a preview gets, as the app's role, before anybody may connect. */
  branchScrubSql: z.string().min(1).max(100_000).nullable().optional(),
  /** A larger database is not copied; default 10 GiB. */
  branchLimitBytes: z.number().int().min(1).nullable().optional(),
  /** All branches of its databases together; default 40 GiB. */
  branchTotalLimitBytes: z.number().int().min(1).nullable().optional(),
  /** A branch goes when nobody was connected for so long; default 14. */
  branchIdleDays: z.number().int().min(1).max(3_650).nullable().optional(),
  /** Folder of SQL migrations within the app's; default where they are found. */
  migrationFolder: z.string().min(1).max(500).nullable().optional(),
  /** Shell line that migrates the database; takes the place of what is found. */
  migrationCommand: z.string().min(1).max(2_000).nullable().optional(),
  /** Whether the Procfile's `release` command migrates the database, so that a backup is taken first; default: by its words. */
  releaseMigrates: z.boolean().nullable().optional(),
});
export type AppSettings = z.infer<typeof appSettings>;

export interface App {
  name: AppName;
  settings: AppSettings;
  createdAtMs: number;
  /** `http://<app>.<domain>:<port>` */
  url: string;
  gitUrl: string;
  domains: string[];
  /** What answers at production; absent before the first release. */
  production?: DeploymentSummary & { release: number };
}

export interface RemovedApp {
  removed: true;
  deployments: number;
  databases: {
    environment: EnvironmentName;
    /** Where its backups stay. */
    archive?: string;
    /** Why it is still there; the platform tries again at its next start. */
    error?: ErrorJson;
  }[];
  buckets: {
    environment: EnvironmentName;
    /** Where its files stay for seven days. */
    folder?: string;
    error?: ErrorJson;
  }[];
}

export const appRoutes = {
  listApps: json<{ apps: App[] }>()({ method: "GET", path: "/api/apps", permission: "read" }),
  getApp: json<App>()({ method: "GET", path: "/api/apps/:app", permission: "read", params: appParams }),
  /** Creates the app where it is missing. */
  ensureApp: json<App & { created: boolean }>()({
    method: "PUT",
    path: "/api/apps/:app",
    permission: "deploy",
    params: appParams,
  }),
  updateApp: json<App>()({
    method: "PATCH",
    path: "/api/apps/:app",
    permission: "configure",
    params: appParams,
    body: appSettings,
  }),
  /** Takes every alias away, drains the instances; outputs are swept later. Databases go after a last backup. The name is free afterwards. */
  removeApp: json<RemovedApp>()({
    method: "DELETE",
    path: "/api/apps/:app",
    permission: "configure",
    isFresh: true,
    params: appParams,
  }),
};
