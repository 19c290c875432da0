import type { DatabaseFailover, DatabaseReport } from "@evenkeel/model";
import { z } from "zod";
import type { DatabaseEvent } from "./databases.ts";
import { appParams, deployableEnvironment, page } from "./parameters.ts";
import { json, stream } from "./route.ts";

const databaseParams = z.object({ ...appParams.shape, environment: deployableEnvironment });
const reason = z.string().trim().min(1).max(500).default("asked for by hand");

export const standbyRoutes = {
  /** Makes a hot standby, or changes its terms; ends when it is in step. */
  addStandby: stream<DatabaseEvent<{ database: DatabaseReport }>>()({
    method: "PUT",
    path: "/api/apps/:app/databases/:environment/standby",
    permission: "configure",
    params: databaseParams,
    body: z.strictObject({
      /** Commits wait for it. */
      sync: z.boolean().default(false),
      /** An absolute folder on this machine, best on another disk; it gets a folder of its own there. Default: beside the database. */
      path: z.string().startsWith("/").max(500).optional(),
    }),
  }),
  removeStandby: stream<DatabaseEvent<object>>()({
    method: "DELETE",
    path: "/api/apps/:app/databases/:environment/standby",
    permission: "configure",
    params: databaseParams,
  }),
  /** Makes the standby the primary. One that answers hands over without a loss; one that does not is fenced first. */
  failOver: stream<DatabaseEvent<{ failover: DatabaseFailover }>>()({
    method: "POST",
    path: "/api/apps/:app/databases/:environment/failovers",
    permission: "release",
    params: databaseParams,
    body: z.strictObject({
      reason,
      /** One of the runbook's `decision_makers`, where it names some. */
      decidedBy: z.string().trim().min(1).max(100).optional(),
    }),
  }),
  /** Makes the former primary a standby; with `switchBack` the primary again. */
  failBack: stream<DatabaseEvent<{ database: DatabaseReport }>>()({
    method: "POST",
    path: "/api/apps/:app/databases/:environment/failback",
    permission: "release",
    params: databaseParams,
    body: z.strictObject({
      reason,
      switchBack: z.boolean().default(true),
      decidedBy: z.string().max(100).optional(),
    }),
  }),
  /** Newest first; those of databases that are gone stay. */
  listFailovers: json<{ failovers: DatabaseFailover[] }>()({
    method: "GET",
    path: "/api/apps/:app/failovers",
    permission: "read",
    params: appParams,
    query: z.object({ ...page, environment: deployableEnvironment.optional() }),
  }),
};
