import { betterAuth } from "better-auth";
import { twoFactor } from "better-auth/plugins/two-factor";
import type pg from "pg";
import { cookieAttributes, cookiePrefix } from "../sessions/session-cookie.ts";
import { sessionLimitS } from "../sessions/sessions.ts";
import { mostLength } from "./password-policy.ts";

export type Auth = ReturnType<typeof makeAuth>;

const times = { createdAt: "created_at", updatedAt: "updated_at" };

/**
 * better-auth on the platform's own tables. It is asked as a library alone: its own routes are not served, so what may be done stands in the
 * contract, with the limits and the audit log that all of the API has.
 *
 * @see https://www.better-auth.com/docs/reference/options
 */
export function makeAuth(pool: pg.Pool, secret: string, origin: string) {
  return betterAuth({
    appName: "Evenkeel",
    baseURL: origin,
    secret,
    database: pool,
    telemetry: { enabled: false },
    // Its messages may quote what people typed.
    logger: { disabled: true },
    // Ours count by account and browser, too; see `attempt-limits.ts`.
    rateLimit: { enabled: false },
    emailAndPassword: { enabled: true, disableSignUp: true, maxPasswordLength: mostLength },
    user: {
      modelName: "people",
      fields: { emailVerified: "email_verified", ...times },
    },
    session: {
      modelName: "sessions",
      expiresIn: sessionLimitS,
      disableSessionRefresh: true,
      fields: {
        ...{ userId: "person", expiresAt: "expires_at", ipAddress: "ip_address", userAgent: "user_agent" },
        ...times,
      },
    },
    account: {
      modelName: "credentials",
      fields: {
        ...{ userId: "person", accountId: "account_id", providerId: "provider_id" },
        ...{ accessToken: "access_token", refreshToken: "refresh_token", idToken: "id_token" },
        accessTokenExpiresAt: "access_token_expires_at",
        refreshTokenExpiresAt: "refresh_token_expires_at",
        ...times,
      },
    },
    verification: { modelName: "sign_in_challenges", fields: { expiresAt: "expires_at", ...times } },
    plugins: [
      twoFactor({
        issuer: "Evenkeel",
        schema: {
          user: { fields: { twoFactorEnabled: "two_factor_enabled" } },
          twoFactor: {
            modelName: "second_factors",
            fields: {
              ...{ userId: "person", backupCodes: "backup_codes" },
              failedVerificationCount: "failed_verification_count",
              lockedUntil: "locked_until",
            },
          },
        },
      }),
    ],
    advanced: {
      cookiePrefix,
      // The prefix `__Host-` is part of the name; `__Secure-` would stand before it.
      useSecureCookies: false,
      defaultCookieAttributes: cookieAttributes,
      ipAddress: { disableIpTracking: true },
    },
  });
}
