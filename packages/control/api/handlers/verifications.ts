import { getApp } from "../../apps/app-store.ts";
import { record } from "../../audit/audit-log.ts";
import { requireDatabase } from "../../databases/database-store.ts";
import { withProgress } from "../../databases/with-progress.ts";
import type { verificationRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function verificationHandlers({
  database,
  databases,
  evidence,
}: ControlParts): HandlersOf<typeof verificationRoutes> {
  return {
    verifyDatabase: ({ params, caller }) =>
      withProgress(async (onProgress) => {
        const { app, environment } = params;
        await requireDatabase(database, params);
        const reply = await databases.ask({ type: "verify", app, environment }, onProgress);
        await evidence.keep(reply.evidence!);
        const [found] = reply.evidence!;
        const { id, verdict } = found!;
        const detail = { environment, verdict };
        await record(database, { who: caller.name, action: "database.verify", app, object: id, detail });
        return { evidence: found! };
      }),
    checkDatabase: ({ params, caller }) =>
      withProgress(async (onProgress) => {
        const { app, environment } = params;
        await requireDatabase(database, params);
        const { check } = await databases.ask({ type: "check", app, environment }, onProgress);
        const { verdict, failures } = check!;
        const detail = { environment, verdict, failures: failures.length };
        await record(database, { who: caller.name, action: "database.check", app, detail });
        return { check: check! };
      }),
    async scheduleVerification({ params, body: { everyDays }, caller }) {
      const { app, environment } = params;
      await requireDatabase(database, params);
      const reply = await databases.ask({ type: "verifyEvery", days: everyDays, app, environment });
      const detail = { environment, everyDays };
      await record(database, { who: caller.name, action: "database.verification-schedule", app, detail });
      return { database: reply.database! };
    },
    async listEvidence({ params: { app }, query }) {
      await getApp(database, app);
      return { evidence: await evidence.list({ app, ...query }) };
    },
  };
}
