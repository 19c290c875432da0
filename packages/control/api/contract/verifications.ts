import type { DatabaseCheck, DatabaseEvidence, DatabaseReport } from "@evenkeel/model";
import { z } from "zod";
import type { DatabaseEvent } from "./databases.ts";
import { appParams, deployableEnvironment, page } from "./parameters.ts";
import { json, stream } from "./route.ts";

const databaseParams = z.object({ ...appParams.shape, environment: deployableEnvironment });

export const verificationRoutes = {
  /** Restores the newest backup and its WAL into a throw-away cluster and compares. What it finds is the answer, not its status. */
  verifyDatabase: stream<DatabaseEvent<{ evidence: DatabaseEvidence }>>()({
    method: "POST",
    path: "/api/apps/:app/databases/:environment/verifications",
    permission: "deploy",
    params: databaseParams,
  }),
  /** Looks for damage in the serving database, and changes nothing in it. What it finds is the answer, not its status. */
  checkDatabase: stream<DatabaseEvent<{ check: DatabaseCheck }>>()({
    method: "POST",
    path: "/api/apps/:app/databases/:environment/checks",
    permission: "deploy",
    params: databaseParams,
  }),
  scheduleVerification: json<{ database: DatabaseReport }>()({
    method: "PUT",
    path: "/api/apps/:app/databases/:environment/verification-schedule",
    permission: "configure",
    params: databaseParams,
    body: z.strictObject({
      /** 0: never. */
      everyDays: z.number().int().min(0).max(90),
    }),
  }),
  /** Newest first; those of databases that are gone stay. */
  listEvidence: json<{ evidence: DatabaseEvidence[] }>()({
    method: "GET",
    path: "/api/apps/:app/verifications",
    permission: "read",
    params: appParams,
    query: z.object({ ...page, environment: deployableEnvironment.optional() }),
  }),
};
