import { listAudit } from "../../audit/audit-log.ts";
import { createToken, listTokens, revokeToken } from "../../tokens/token-store.ts";
import type { Health, platformRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

const hostLimitMs = 1_000;

export function platformHandlers(parts: ControlParts): HandlersOf<typeof platformRoutes> {
  const { database, serving, place } = parts;
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
      const [healthNow, counts, instances] = await Promise.all([
        health(),
        database
          .query<{ queued: number; running: number; apps: number }>(
            `SELECT count(*) FILTER (WHERE state = 'queued') AS queued,
               count(*) FILTER (WHERE state IN ('building', 'deploying')) AS running,
               (SELECT count(*) FROM apps) AS apps FROM deployments`,
          )
          .catch(() => []),
        parts.host.list(hostLimitMs).catch(() => undefined),
      ]);
      const { queued = 0, running = 0, apps = 0 } = counts[0] ?? {};
      return {
        ...{ ...healthNow, domain: place.domain, port: place.port, apps },
        servingVersion: serving.feed.version,
        subscribers: serving.feed.reports(),
        deployments: { queued, running },
        ...(instances ? { instances } : {}),
      };
    },
    async listTokens() {
      return { tokens: await listTokens(database) };
    },
    createToken: ({ body, caller }) => createToken(database, body, caller.name),
    async revokeToken({ params, caller }) {
      await revokeToken(database, params.token, caller.name);
      return { revoked: true };
    },
    async listAudit({ query }) {
      return { entries: await listAudit(database, query) };
    },
  };
}
