import { z } from "zod";
import type { RoleGrant } from "../../people/capabilities.ts";
import type { Actor } from "../../tokens/caller.ts";
import { type GrantablePermission, grantablePermissions, json } from "./route.ts";

/** Members as in RFC 8628, 3.2. */
export interface DeviceLogin {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  /** Seconds, both. */
  expires_in: number;
  interval: number;
}

/** As in RFC 6749, 5.1. */
export interface DeviceToken {
  access_token: string;
  token_type: "Bearer";
  /** Seconds. */
  expires_in: number;
  scope: string;
}

export interface Whoami {
  actor: Actor;
  permissions: GrantablePermission[];
  /** On single apps, beside those. */
  onApps: Record<string, GrantablePermission[]>;
  /** Of a person, and of a person's token. */
  person?: { email: string; name: string; roles: RoleGrant[] };
}

const userCode = z
  .string()
  .max(20)
  .transform((text) => text.toUpperCase().replace(/[^A-Z]/g, ""))
  .pipe(z.string().length(8));

export const deviceLoginRoutes = {
  /** A command line asks to act for a person: it shows the code, and a person confirms it in the console. */
  beginDeviceLogin: json<DeviceLogin>()({
    method: "POST",
    path: "/api/device-logins",
    permission: "public",
    body: z.strictObject({
      client: z.string().trim().min(1).max(100),
      permissions: z
        .array(z.enum(grantablePermissions))
        .min(1)
        .default(["read", "metrics", "deploy", "release", "configure"]),
    }),
  }),
  /** Asked again and again, not more often than `interval`; until then the errors of RFC 8628, 3.5. */
  redeemDeviceLogin: json<DeviceToken>()({
    method: "POST",
    path: "/api/device-logins/token",
    permission: "public",
    body: z.strictObject({ device_code: z.string().min(20).max(100) }),
  }),
  lookAtDeviceLogin: json<{
    client: string;
    address: string;
    permissions: GrantablePermission[];
    createdAtMs: number;
  }>()({
    method: "POST",
    path: "/api/device-logins/look",
    permission: "person",
    body: z.strictObject({ userCode }),
  }),
  decideDeviceLogin: json<{ allowed: boolean }>()({
    method: "POST",
    path: "/api/device-logins/decide",
    permission: "person",
    isFresh: true,
    body: z.strictObject({ userCode, allow: z.boolean() }),
  }),
  whoami: json<Whoami>()({ method: "GET", path: "/api/whoami", permission: "anyone" }),
  /** Ends the token that asks. */
  endOwnToken: json<{ revoked: boolean }>()({ method: "DELETE", path: "/api/whoami", permission: "anyone" }),
};
