import type { BranchReport } from "@evenkeel/model";
import { z } from "zod";
import type { DatabaseEvent } from "./databases.ts";
import { appParams, branchName, deployableEnvironment, recoveryPoint } from "./parameters.ts";
import { json, stream } from "./route.ts";

const branchParams = z.object({ ...appParams.shape, branch: branchName });

/** `preview`: made with a preview, and goes with it; `look`: a point in time, unscrubbed and for people only. */
export type BranchPurpose = "preview" | "manual" | "look";

/** A copy of an app's database. */
export interface Branch extends Omit<BranchReport, "appId"> {
  purpose: BranchPurpose;
  createdBy: string;
}

export const branchRoutes = {
  listBranches: json<{ branches: Branch[] }>()({
    method: "GET",
    path: "/api/apps/:app/branches",
    permission: "read",
    params: appParams,
  }),
  /**
   * Makes a branch where it is missing, scrubbed as the app's settings say; a preview of the git branch of that name uses it. With `to`
   * it is a look at that point of the archive.
   */
  createBranch: stream<DatabaseEvent<{ branch: Branch; created: boolean }>>()({
    method: "PUT",
    path: "/api/apps/:app/branches/:branch",
    permission: "configure",
    params: branchParams,
    body: z.strictObject({
      /** Of whose database; default: what previews are copies of. */
      environment: deployableEnvironment.optional(),
      to: recoveryPoint.optional(),
    }),
  }),
  /** A preview that uses it gets a new one with its next deployment. */
  removeBranch: json<{ removed: true }>()({
    method: "DELETE",
    path: "/api/apps/:app/branches/:branch",
    permission: "configure",
    isFresh: true,
    params: branchParams,
  }),
  getBranchCredentials: json<{ variables: Record<string, string> }>()({
    method: "GET",
    path: "/api/apps/:app/branches/:branch/credentials",
    permission: "configure",
    isFresh: true,
    params: branchParams,
  }),
};
