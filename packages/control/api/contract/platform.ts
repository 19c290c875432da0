import type { AppName, InstanceReport } from "@evenkeel/model";
import { z } from "zod";
import { appName, page } from "./parameters.ts";
import { type GrantablePermission, grantablePermissions, json } from "./route.ts";

export interface Health {
  status: "ok" | "degraded";
  /** Apps are served all the same while it is down. */
  database: "up" | "down";
  pid: number;
  startedAtMs: number;
}

export interface PlatformStatus extends Health {
  domain: string;
  port: number;
  /** Of the serving state. */
  servingVersion: number;
  subscribers: { role: "edge" | "host"; name: string; version: number; connectedAtMs: number }[];
  /** Absent when the host does not answer. */
  instances?: InstanceReport[];
  deployments: { queued: number; running: number };
  apps: number;
}

export interface Token {
  id: string;
  name: string;
  permissions: GrantablePermission[];
  /** Absent: all apps. */
  apps?: AppName[];
  createdAtMs: number;
  createdBy: string;
  expiresAtMs?: number;
  lastUsedAtMs?: number;
}

export interface AuditEntry {
  id: number;
  atMs: number;
  who: string;
  /** `deployment.create`, `release.rollback`, `variable.set`, ... */
  action: string;
  app?: AppName;
  /** What it was done to: a deployment, a domain, a variable's name. Never a secret. */
  object?: string;
  detail?: Record<string, unknown>;
}

export const platformRoutes = {
  getHealth: json<Health>()({ method: "GET", path: "/api/health", permission: "public" }),
  getStatus: json<PlatformStatus>()({ method: "GET", path: "/api/status", permission: "admin" }),
  listTokens: json<{ tokens: Token[] }>()({ method: "GET", path: "/api/tokens", permission: "admin" }),
  /** The secret is shown once and never again. */
  createToken: json<Token & { secret: string }>()({
    method: "POST",
    path: "/api/tokens",
    permission: "admin",
    body: z.strictObject({
      name: z.string().trim().min(1).max(100),
      permissions: z.array(z.enum(grantablePermissions)).min(1),
      apps: z.array(appName).min(1).optional(),
      expiresAtMs: z.number().int().positive().optional(),
    }),
  }),
  revokeToken: json<{ revoked: true }>()({
    method: "DELETE",
    path: "/api/tokens/:token",
    permission: "admin",
    params: z.object({ token: z.string().max(40) }),
  }),
  listAudit: json<{ entries: AuditEntry[] }>()({
    method: "GET",
    path: "/api/audit",
    permission: "admin",
    query: z.object({ ...page, app: appName.optional(), before: z.coerce.number().int().optional() }),
  }),
};
