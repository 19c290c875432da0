import type { AppName, InstanceReport, PlatformProtection } from "@evenkeel/model";
import { z } from "zod";
import type { DatabaseEvent } from "./databases.ts";
import { appName, overlap, page } from "./parameters.ts";
import { type GrantablePermission, grantablePermissions, json, stream } from "./route.ts";

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
  /** Absent when the keeper of databases does not answer. */
  protection?: PlatformProtection;
  /** Promises about backups that are not kept now, as sentences; empty when all is well. */
  alerts: string[];
}

const archiveFolder = z.strictObject({
  kind: z.literal("folder"),
  path: z.string().startsWith("/").max(1_000),
});
const archiveBucket = z.strictObject({
  kind: z.literal("s3"),
  endpoint: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, "")),
  region: z.string().min(1).max(100),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
  prefix: z
    .string()
    .max(500)
    .regex(/^(?!\/)(?!.*\/$)/),
  accessKeyId: z.string().min(1).max(200),
  secretAccessKey: z.string().min(1).max(200),
});

export interface Token {
  id: string;
  name: string;
  permissions: GrantablePermission[];
  /** Absent: all apps. */
  apps?: AppName[];
  createdAtMs: number;
  createdBy: string;
  /** E-mail address of the person whose it is; absent: nobody's in particular. */
  owner?: string;
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
  /** In the chain, hexadecimal; see `AuditVerification`. */
  hash?: string;
}

export interface AuditFault {
  /** In the chain. */
  position?: number;
  entry?: number;
  /**
   * - `changed`: the entry, or its place in the chain.
   * - `entry_removed`, `link_removed`, `end_removed`: of the log, of the chain, of its end.
   * - `not_in_chain`: put into the log beside the chain.
   * - `other_than_anchor`: the chain is another one than it was.
   */
  fault: "changed" | "entry_removed" | "link_removed" | "end_removed" | "not_in_chain" | "other_than_anchor";
}

export interface AuditVerification {
  isWhole: boolean;
  entries: number;
  /** To be kept elsewhere: a later verification can be held against it. */
  head: { position: number; hash: string };
  /** The first hundred. */
  faults: AuditFault[];
}

export const platformRoutes = {
  getHealth: json<Health>()({ method: "GET", path: "/api/health", permission: "public" }),
  getStatus: json<PlatformStatus>()({ method: "GET", path: "/api/status", permission: "admin" }),
  /** This contract as OpenAPI 3.1; also at `/v1/openapi.json`. */
  getOpenApi: json<Record<string, unknown>>()({
    method: "GET",
    path: "/api/openapi.json",
    permission: "public",
  }),
  listTokens: json<{ tokens: Token[] }>()({ method: "GET", path: "/api/tokens", permission: "admin" }),
  /** The secret is shown once and never again. */
  createToken: json<Token & { secret: string }>()({
    method: "POST",
    path: "/api/tokens",
    permission: "admin",
    isFresh: true,
    body: z.strictObject({
      name: z.string().trim().min(1).max(100),
      permissions: z.array(z.enum(grantablePermissions)).min(1),
      apps: z.array(appName).min(1).optional(),
      expiresAtMs: z.number().int().positive().optional(),
      /** E-mail address of the person whose it shall be; said by the machine's own token alone. What a person makes is theirs. */
      owner: z.email().optional(),
    }),
  }),
  /** A new secret, shown once; the old one is accepted until the overlap ends. */
  rotateToken: json<Token & { secret: string; previousUntilMs: number }>()({
    method: "POST",
    path: "/api/tokens/:token/rotate",
    permission: "admin",
    isFresh: true,
    params: z.object({ token: z.string().max(40) }),
    body: z.strictObject({ overlapMs: overlap }),
  }),
  revokeToken: json<{ revoked: true }>()({
    method: "DELETE",
    path: "/api/tokens/:token",
    permission: "admin",
    params: z.object({ token: z.string().max(40) }),
  }),
  getProtection: json<PlatformProtection>()({
    method: "GET",
    path: "/api/protection",
    permission: "admin",
  }),
  /** Takes a backup of the platform's own database and files now. */
  backUpPlatform: stream<DatabaseEvent<{ platform: PlatformProtection }>>()({
    method: "POST",
    path: "/api/protection/backups",
    permission: "admin",
  }),
  /** All archives begin anew there; what was archived stays where it was. */
  placeArchive: stream<DatabaseEvent<{ platform: PlatformProtection }>>()({
    method: "PUT",
    path: "/api/protection/place",
    permission: "admin",
    isFresh: true,
    body: z.discriminatedUnion("kind", [archiveFolder, archiveBucket]),
  }),
  /** Puts on record that the recovery key was taken out on the machine itself; the key is never sent. */
  recordKeyExport: json<{ recorded: true }>()({
    method: "POST",
    path: "/api/protection/key-exports",
    permission: "admin",
  }),
  /** Replaces the master key; takes some seconds. An interrupted rotation goes on. */
  rotateMasterKey: json<{
    /** Whose data keys were wrapped anew. */
    values: number;
    /** That neither key opens; they stay as they are. */
    unreadable: number;
  }>()({
    method: "POST",
    path: "/api/keys/master/rotate",
    permission: "admin",
    isFresh: true,
  }),
  listAudit: json<{ entries: AuditEntry[] }>()({
    method: "GET",
    path: "/api/audit",
    permission: "admin",
    query: z.object({
      ...page,
      app: appName.optional(),
      before: z.coerce.number().int().optional(),
      who: z.string().max(300).optional(),
      action: z.string().max(100).optional(),
      text: z.string().min(1).max(200).optional(),
      sinceMs: z.coerce.number().int().optional(),
      untilMs: z.coerce.number().int().optional(),
    }),
  }),
  /** Makes all hashes anew. @param anchor `<position>:<hash>` of an earlier verification's head */
  verifyAudit: json<AuditVerification>()({
    method: "GET",
    path: "/api/audit/verification",
    permission: "admin",
    query: z.object({
      anchor: z
        .string()
        .regex(/^\d{1,15}:[0-9a-f]{0,64}$/)
        .optional(),
    }),
  }),
  /** All entries, oldest first. */
  exportAudit: stream<AuditEntry>()({ method: "GET", path: "/api/audit/export", permission: "admin" }),
};
