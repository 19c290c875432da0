import { join } from "node:path";
import type { SpanBatch } from "@evenkeel/model/link/span";
import type { FoundTrace, TelemetryRequest } from "@evenkeel/model/link/telemetry-protocol";
import { AnalyticsIntake } from "./analytics/analytics-intake.ts";
import { AnalyticsStore } from "./analytics/analytics-store.ts";
import { VisitorHash } from "./analytics/visitor.ts";
import { Ledger } from "./cost/ledger.ts";
import { readUsage } from "./cost/read-usage.ts";
import type { OwnSignals } from "./metrics/own-signals.ts";
import { OtlpIntake, type OtlpSinks } from "./otlp/otlp-intake.ts";
import { summarise } from "./otlp/read-spans.ts";
import { TraceStore } from "./traces/trace-store.ts";

export interface TelemetryOptions {
  /** Where its databases stand. */
  folder: string;
  /** Where what apps measured goes. */
  signals: OwnSignals;
  logs: OtlpSinks["logs"];
}

/** Everything that this process keeps. */
export class Telemetry {
  readonly otlp: OtlpIntake;
  readonly analytics: AnalyticsIntake;
  private readonly traces: TraceStore;
  private readonly visits: AnalyticsStore;
  private readonly ledger: Ledger;

  constructor({ folder, signals, logs }: TelemetryOptions) {
    this.traces = new TraceStore({ path: join(folder, "traces.sqlite") });
    this.ledger = new Ledger(join(folder, "ledger.sqlite"));
    this.visits = new AnalyticsStore({ path: join(folder, "analytics.sqlite") });
    this.analytics = new AnalyticsIntake(this.visits, new VisitorHash(join(folder, "visitor-salt.json")));
    this.otlp = new OtlpIntake({
      measurements: (sender, measurements, nowMs) => {
        signals.add(sender, measurements);
        const used = measurements.map(readUsage).filter((usage) => usage !== undefined);
        if (used.length === 0) return;
        for (const { provider, microUsd, tokens } of this.ledger.add(sender, used, nowMs)) {
          signals.addSpending(sender, provider, { spend: microUsd, tokens });
        }
      },
      logs,
      spans: (sender, spans) => {
        const full = this.traces.add(sender, sender.deployment, spans);
        return summarise(new Map(full === 0 ? [] : [["their trace has 2,000 spans", full]]));
      },
    });
  }

  /** Of edges and host. */
  takeSpans(batches: SpanBatch[]): void {
    for (const { app, environment, deployment, spans } of batches) {
      this.traces.add({ app, environment }, deployment, spans);
    }
  }

  answer(request: TelemetryRequest): unknown {
    switch (request.type) {
      case "trace":
        return this.traces.find(request.id) satisfies FoundTrace | undefined;
      case "traces":
        return this.traces.list(request);
      case "analytics":
        return this.visits.report(request, request.fromMs, request.toMs, request.limit);
      case "vitals":
        return this.visits.vitals(request, request.fromMs, request.toMs, request.device);
      case "cost":
        return this.ledger.report(request, request.fromMs, request.toMs);
      case "set_budget":
        return this.ledger.setBudget(request, request.budget, Date.now());
      case "remove_budget":
        return this.ledger.removeBudget(request, request.provider, request.kind);
      case "set_price":
        return this.ledger.setPrice(request.price);
      case "prices":
        return this.ledger.prices();
      case "intake":
        return this.otlp.report(request);
      case "remove":
        this.traces.remove(request.app);
        this.visits.remove(request.app);
        this.ledger.remove(request.app);
        this.otlp.remove(request.app);
        return undefined;
    }
  }

  sweep(nowMs: number): void {
    this.traces.sweep(nowMs);
    this.visits.sweep(nowMs);
    this.ledger.sweep(nowMs);
  }

  close(): void {
    this.traces.close();
    this.visits.close();
    this.ledger.close();
  }
}
