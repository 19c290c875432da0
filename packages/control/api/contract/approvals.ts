import type { AppName } from "@evenkeel/model";
import { z } from "zod";
import { appName, type DeployableEnvironment, flag, page, reason } from "./parameters.ts";
import type { Released } from "./releases.ts";
import { json } from "./route.ts";

/** What waits for the word of several people, or did. */
export interface Approval {
  id: string;
  app: AppName;
  environment: DeployableEnvironment;
  kind: "deploy" | "rollback" | "migration";
  /** sha256 of all that is agreed to. */
  contentHash: string;
  /** What it is: of a deploy its deployment, output, source and variables; of a rollback `from` and `to`; of migrations their statements. */
  content: Record<string, unknown>;
  /** Different people, whoever asked among them. */
  needed: number;
  state: "open" | "approved" | "refused" | "used" | "expired";
  reason?: string;
  createdAtMs: number;
  createdBy: string;
  expiresAtMs: number;
  words: { name: string; agrees: boolean; atMs: number; reason?: string }[];
  usedAtMs?: number;
  usedBy?: string;
}

const params = z.object({ app: appName, approval: z.string().max(40) });
const path = "/api/apps/:app/approvals/:approval";

export const approvalRoutes = {
  /** Newest first, of the apps that the caller sees. */
  listApprovals: json<{ approvals: Approval[] }>()({
    method: "GET",
    path: "/api/approvals",
    permission: "read",
    query: z.object({ limit: page.limit, all: flag }),
  }),
  getApproval: json<Approval>()({ method: "GET", path, permission: "read", params }),
  /**
   * Agrees, as somebody else than who asked. With enough words it is done at once: a deploy goes on, a rollback is carried out, statements may run.
   */
  approve: json<{ approval: Approval; released?: Released }>()({
    method: "POST",
    path: `${path}/approve`,
    permission: "release",
    params,
    /** `contentHash` of what was looked at: absent, whatever it is for. */
    body: z.strictObject({ contentHash: z.string().length(64).optional(), reason }),
  }),
  /** One word is enough; whoever asked takes it back by this. */
  refuse: json<{ approval: Approval }>()({
    method: "POST",
    path: `${path}/refuse`,
    permission: "release",
    params,
    body: z.strictObject({ reason }),
  }),
};
