import type { AppName, DeploymentId } from "@evenkeel/model";
import type { FoundTrace } from "@evenkeel/model/link/telemetry-protocol";
import { assembleTrace } from "@evenkeel/telemetry/traces/assemble-trace";
import { getApp } from "../../apps/app-store.ts";
import { record } from "../../audit/audit-log.ts";
import { TraceUnknownError } from "../../errors.ts";
import { may } from "../../people/capabilities.ts";
import type {
  AnalyticsReport,
  CostReport,
  IntakeReport,
  Price,
  TraceSummary,
  telemetryRoutes,
  VitalsRow,
} from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

const dayMs = 86_400_000;

const windowOf = ({ fromMs, toMs = Date.now() }: { fromMs?: number; toMs?: number }) => ({
  fromMs: fromMs ?? toMs - dayMs,
  toMs,
});

export function telemetryHandlers({ database, telemetry }: ControlParts): HandlersOf<typeof telemetryRoutes> {
  return {
    async listTraces({ params, query }) {
      await getApp(database, params.app);
      const { sinceMs, minDurationMs, errors, limit } = query;
      const traces = await telemetry.ask<TraceSummary[]>({
        ...{ type: "traces", ...params, sinceMs, limit },
        ...(minDurationMs === undefined ? {} : { minDurationMs }),
        ...(errors ? { errors } : {}),
      });
      return { traces };
    },
    async getTrace({ params, caller }) {
      const found = await telemetry.ask<FoundTrace | null>({ type: "trace", id: params.trace });
      // As if it did not exist: a token of one app finds out nothing of others.
      if (!found || !may(caller, "read", found.app as AppName)) throw new TraceUnknownError(params.trace);
      const { traceId, app, environment, deployment, spans } = found;
      return {
        app,
        environment,
        deployment: deployment as DeploymentId | null,
        ...assembleTrace(traceId, spans),
      };
    },
    async getAnalytics({ params, query }) {
      await getApp(database, params.app);
      return telemetry.ask<AnalyticsReport>({
        ...{ type: "analytics", ...params, ...windowOf(query), limit: query.limit },
      });
    },
    async getVitals({ params, query }) {
      await getApp(database, params.app);
      const { device } = query;
      const vitals = await telemetry.ask<VitalsRow[]>({
        ...{ type: "vitals", ...params, ...windowOf(query), ...(device && { device }) },
      });
      return { vitals };
    },
    async getCost({ params, query }) {
      await getApp(database, params.app);
      return telemetry.ask<CostReport>({ type: "cost", ...params, ...windowOf(query) });
    },
    async setBudget({ params: { kind, ...owner }, body, caller }) {
      await getApp(database, owner.app);
      await telemetry.ask({ type: "set_budget", ...owner, budget: { kind, ...body } });
      await record(database, {
        ...{ who: caller.name, action: "budget.set", app: owner.app },
        detail: { environment: owner.environment, kind, ...body },
      });
      return telemetry.ask<CostReport>({ type: "cost", ...owner, ...windowOf({}) });
    },
    async removeBudget({ params: { kind, ...owner }, query: { provider }, caller }) {
      await getApp(database, owner.app);
      const removed = await telemetry.ask<boolean>({ type: "remove_budget", ...owner, provider, kind });
      const detail = { environment: owner.environment, kind, provider };
      if (removed)
        await record(database, { who: caller.name, action: "budget.remove", app: owner.app, detail });
      return { removed };
    },
    listPrices: async () => ({ prices: await telemetry.ask<Price[]>({ type: "prices" }) }),
    async setPrice({ body, caller }) {
      await telemetry.ask({ type: "set_price", price: body });
      await record(database, { who: caller.name, action: "price.set", detail: body });
      return { prices: await telemetry.ask<Price[]>({ type: "prices" }) };
    },
    async getIntake({ params }) {
      await getApp(database, params.app);
      return telemetry.ask<IntakeReport>({ type: "intake", ...params });
    },
  };
}
