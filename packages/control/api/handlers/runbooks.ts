import { getApp } from "../../apps/app-store.ts";
import { RunbookMissingError } from "../../errors.ts";
import { listDecisions } from "../../runbook/decision-store.ts";
import { runbookInForce } from "../../runbook/runbook-in-force.ts";
import { simulateRunbook } from "../../runbook/simulate-runbook.ts";
import type { runbookRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function runbookHandlers(parts: ControlParts): HandlersOf<typeof runbookRoutes> {
  const { database } = parts;
  return {
    async getRunbook({ params: { app, environment } }) {
      await getApp(database, app);
      const runbook = await runbookInForce(parts, { app, environment }, Date.now());
      if (!runbook) throw new RunbookMissingError(app, environment);
      return runbook;
    },
    async listRunbookDecisions({ params: { app, environment }, query }) {
      await getApp(database, app);
      return { decisions: await listDecisions(database, { app, environment, ...query }) };
    },
    async simulateRunbook({ params: { app, environment }, body }) {
      await getApp(database, app);
      return simulateRunbook(parts, { app, environment }, body);
    },
  };
}
