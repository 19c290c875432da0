import { setTimeout as sleep } from "node:timers/promises";
import { hostUrl } from "../../apps/hosts.ts";
import { exportAudit, listAudit, record } from "../../audit/audit-log.ts";
import { verifyAudit } from "../../audit/verify-audit.ts";
import { withProgress } from "../../databases/with-progress.ts";
import { alertsOf, askProtection } from "../../protection/platform-alerts.ts";
import { adminTokenId } from "../../tokens/admin-token.ts";
import { ownerOfToken } from "../../tokens/owner-of-token.ts";
import { createToken, listTokens, revokeToken, rotateToken } from "../../tokens/token-store.ts";
import type { Health, platformRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

const hostLimitMs = 1_000;

export function platformHandlers(parts: ControlParts): HandlersOf<typeof platformRoutes> {
  const { database, databases, serving, place } = parts;
  const health = async (): Promise<Health> => {
    const up = await database.answers();
    return {
      ...{ status: up ? "ok" : "degraded", database: up ? "up" : "down" },
      ...{ pid: process.pid, startedAtMs: parts.startedAtMs },
    };
  };
  return {
    getHealth: health,
    async getStatus() {
      const [healthNow, counts, instances, protection] = await Promise.all([
        health(),
        database
          .query<{ queued: number; running: number; apps: number }>(
            `SELECT count(*) FILTER (WHERE state = 'queued') AS queued,
               count(*) FILTER (WHERE state IN ('building', 'deploying')) AS running,
               (SELECT count(*) FROM apps) AS apps FROM deployments`,
          )
          .catch(() => []),
        parts.host.list(hostLimitMs).catch(() => undefined),
        askProtection(databases),
      ]);
      const { queued = 0, running = 0, apps = 0 } = counts[0] ?? {};
      return {
        ...{ ...healthNow, domain: place.domain, port: place.port, apps },
        servingVersion: serving.feed.version,
        subscribers: serving.feed.reports(),
        deployments: { queued, running },
        ...(instances ? { instances } : {}),
        ...(protection ? { protection: protection.platform } : {}),
        alerts: [
          ...alertsOf(protection),
          ...parts.health.failing.map(
            ({ name, path, deployment, fault }) =>
              `Health check ${name} of ${deployment} fails: ${path} ${fault}`,
          ),
        ],
      };
    },
    async getOpenApi() {
      const { openApi } = await import("../openapi/openapi.ts");
      return openApi(hostUrl(place.domain, place));
    },
    async listTokens() {
      return { tokens: await listTokens(database) };
    },
    createToken: async ({ body: { owner, ...wish }, caller }) => {
      const person = await ownerOfToken(database, caller, owner);
      return createToken(database, { ...wish, ...(person !== undefined && { person }) }, caller.name);
    },
    rotateToken: ({ params, body, caller }) =>
      params.token === adminTokenId
        ? parts.adminToken.rotate(database, body.overlapMs, caller.name)
        : rotateToken(database, params.token, body.overlapMs, caller.name),
    async revokeToken({ params, caller }) {
      await revokeToken(database, params.token, caller.name);
      return { revoked: true };
    },
    async getProtection() {
      return (await databases.ask({ type: "platform" })).platform!;
    },
    backUpPlatform: ({ caller }) =>
      withProgress(async (onProgress) => {
        const { platform } = await databases.ask({ type: "backupPlatform" }, onProgress);
        await record(database, { who: caller.name, action: "platform.backup" });
        return { platform: platform! };
      }),
    placeArchive: ({ body, caller }) =>
      withProgress(async (onProgress) => {
        const object = body.kind === "s3" ? `s3://${body.bucket}/${body.prefix}` : body.path;
        await databases.ask({ type: "placeArchive", place: body }, onProgress);
        await record(database, { who: caller.name, action: "archive.place", object });
        onProgress({ step: "Beginning anew" });
        for (;;) {
          // Its successor works with the new place; the link asks again while there is none.
          const { platform } = await databases.ask({ type: "platform" });
          if (platform!.archive === object) return { platform: platform! };
          await sleep(50);
        }
      }),
    async recordKeyExport({ caller }) {
      await record(database, { who: caller.name, action: "recovery_key.export" });
      return { recorded: true };
    },
    rotateMasterKey: ({ caller }) => parts.keyRotation.run(caller.name),
    async listAudit({ query }) {
      return { entries: await listAudit(database, query) };
    },
    verifyAudit({ query: { anchor } }) {
      const [position, hash] = anchor?.split(":", 2) ?? [];
      return verifyAudit(database, hash === undefined ? undefined : { position: Number(position), hash });
    },
    exportAudit: () => exportAudit(database),
  };
}
