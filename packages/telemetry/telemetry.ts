import { existsSync } from "node:fs";
import { join } from "node:path";
import type { LogIntake } from "@evenkeel/logs";
import type { DeploymentId, HomeLayout } from "@evenkeel/model";
import type { SpanBatch } from "@evenkeel/model/link/span";
import type { FoundTrace, IntakeReport, TelemetryRequest } from "@evenkeel/model/link/telemetry-protocol";
import type { AnalyticsIntake, BeaconKind } from "./analytics/analytics-intake.ts";
import type { AnalyticsStore } from "./analytics/analytics-store.ts";
import type { Sender } from "./analytics/visitor.ts";
import type { Ledger } from "./cost/ledger.ts";
import { SecretsUnknownError } from "./errors.ts";
import { LazyPart } from "./lazy-part.ts";
import type { OwnSignals } from "./metrics/own-signals.ts";
import type { Measurement } from "./otlp/metric-series.ts";
import type { OtlpAnswer, OtlpIntake, OtlpRequest, OtlpSender, OtlpSinks } from "./otlp/otlp-intake.ts";
import type { Cleaners } from "./secrets/cleaners.ts";
import type { TraceStore } from "./traces/trace-store.ts";

export interface TelemetryOptions {
  layout: Pick<HomeLayout, "telemetry" | "logs" | "logMarksKey">;
  /** Where what apps measured goes. */
  signals: OwnSignals;
  /** Values that must not be kept of what a deployment tells; undefined: it is gone. */
  secretsOf: (deployment: DeploymentId) => Promise<Record<string, string> | undefined>;
}

/**
 * Everything that this process keeps. Each part is opened by its first use: decoders, databases and the log cost more memory than all the rest of
 * the process, and on most machines most of them are never asked for.
 */
export class Telemetry {
  private readonly logs: LazyPart<LogIntake>;
  private readonly cleaners: LazyPart<Cleaners>;
  private readonly otlp: LazyPart<OtlpIntake>;
  private readonly traces: LazyPart<TraceStore>;
  private readonly ledger: LazyPart<Ledger>;
  private readonly visits: LazyPart<AnalyticsStore>;
  private readonly analytics: LazyPart<AnalyticsIntake>;
  private readonly bornMs = Date.now();
  private readonly paths: Record<"traces" | "ledger" | "visits", string>;

  constructor(private readonly options: TelemetryOptions) {
    const { layout, secretsOf, signals } = options;
    const path = (name: string) => join(layout.telemetry, name);
    this.paths = {
      traces: path("traces.sqlite"),
      ledger: path("ledger.sqlite"),
      visits: path("analytics.sqlite"),
    };
    this.traces = new LazyPart(async () => {
      const { TraceStore } = await import("./traces/trace-store.ts");
      return new TraceStore({ path: this.paths.traces });
    });
    this.ledger = new LazyPart(async () => {
      const { Ledger } = await import("./cost/ledger.ts");
      return new Ledger(this.paths.ledger);
    });
    this.visits = new LazyPart(async () => {
      const { AnalyticsStore } = await import("./analytics/analytics-store.ts");
      return new AnalyticsStore({ path: this.paths.visits });
    });
    this.analytics = new LazyPart(async () => {
      const { AnalyticsIntake } = await import("./analytics/analytics-intake.ts");
      const { VisitorHash } = await import("./analytics/visitor.ts");
      return new AnalyticsIntake(
        await this.visits.get(),
        new VisitorHash(path("visitor-salt.json")),
        (sender, vitals) => signals.addVitals(sender, vitals),
      );
    });
    this.logs = new LazyPart(async () => {
      const { LogIntake } = await import("@evenkeel/logs");
      return new LogIntake({
        ...{ layout, writer: "telemetry" },
        count: (what, app, source, lines) => signals.addLines(what, app, source, lines),
      });
    });
    this.cleaners = new LazyPart(async () => {
      const { Cleaners } = await import("./secrets/cleaners.ts");
      return new Cleaners(secretsOf, await this.logs.get());
    });
    this.otlp = new LazyPart(() => this.openOtlp());
  }

  /** @throws SecretsUnknownError */
  async takeOtlp(sender: OtlpSender, request: OtlpRequest, nowMs: number): Promise<OtlpAnswer> {
    const cleaner = await (await this.cleaners.get()).of(sender, nowMs);
    if (!cleaner) throw new SecretsUnknownError(sender.deployment);
    return (await this.otlp.get()).take(sender, request, nowMs, cleaner);
  }

  async takeBeacon(kind: BeaconKind, body: Uint8Array, host: string, sender: Sender, nowMs: number) {
    return (await this.analytics.get()).take(kind, body, host, sender, nowMs);
  }

  /** Of edges and host. What was told of a deployment that is gone by now is left out. @throws SecretsUnknownError */
  async takeSpans(batches: SpanBatch[]): Promise<void> {
    const cleaners = await this.cleaners.get();
    const { cleanSpan } = await import("./secrets/cleaners.ts");
    const traces = await this.traces.get();
    for (const { app, environment, deployment, spans } of batches) {
      const cleaner = await cleaners.of({ app, deployment });
      if (!cleaner) continue;
      const clean = spans.map((span) => cleanSpan(span, cleaner));
      traces.add({ app, environment }, deployment, clean);
    }
  }

  async answer(request: TelemetryRequest): Promise<unknown> {
    switch (request.type) {
      case "trace":
        return (await this.traces.get()).find(request.id) satisfies FoundTrace | undefined;
      case "traces":
        return (await this.traces.get()).list(request);
      case "analytics":
        return (await this.visits.get()).report(request, request.fromMs, request.toMs, request.limit);
      case "vitals":
        return (await this.visits.get()).vitals(request, request.fromMs, request.toMs, request.device);
      case "cost":
        return (await this.ledger.get()).report(request, request.fromMs, request.toMs);
      case "set_budget":
        return (await this.ledger.get()).setBudget(request, request.budget, Date.now());
      case "remove_budget":
        return (await this.ledger.get()).removeBudget(request, request.provider, request.kind);
      case "set_price":
        return (await this.ledger.get()).setPrice(request.price);
      case "prices":
        return (await this.ledger.get()).prices();
      case "budget_states":
        // On most machines nobody has set one.
        return this.ledger.isOpen || existsSync(this.paths.ledger)
          ? (await this.ledger.get()).budgetStates(Date.now())
          : [];
      case "intake":
        return this.otlp.isOpen ? (await this.otlp.get()).report(request) : this.emptyReport;
      case "queued_spans":
        return (await this.traces.get()).outbox.take(request.reader, request.after, request.limit);
      case "end_queue":
        return (await this.traces.get()).outbox.end(request.reader);
      case "remove":
        (await this.traces.get()).remove(request.app);
        (await this.visits.get()).remove(request.app);
        (await this.ledger.get()).remove(request.app);
        await this.otlp.ifOpen((otlp) => otlp.remove(request.app));
        return undefined;
    }
  }

  /** Opens what an earlier life has left, too: its age is known from the files alone. */
  async sweep(nowMs: number): Promise<void> {
    for (const [part, path] of [
      [this.traces, this.paths.traces],
      [this.visits, this.paths.visits],
      [this.ledger, this.paths.ledger],
    ] as const) {
      if (part.isOpen || existsSync(path)) (await part.get()).sweep(nowMs);
    }
  }

  async close(): Promise<void> {
    await this.logs.ifOpen((logs) => logs.close());
    for (const part of [this.traces, this.visits, this.ledger]) await part.ifOpen((open) => open.close());
  }

  private get emptyReport(): IntakeReport {
    const none = { accepted: 0, rejected: 0 };
    return { sinceMs: this.bornMs, kinds: { metrics: none, logs: none, traces: none }, series: 0 };
  }

  private async openOtlp(): Promise<OtlpIntake> {
    const { OtlpIntake } = await import("./otlp/otlp-intake.ts");
    const { AppLogs } = await import("./logs/app-logs.ts");
    const { summarise } = await import("./otlp/read-spans.ts");
    const [logs, traces] = [new AppLogs(await this.logs.get()), await this.traces.get()];
    const sinks: OtlpSinks = {
      refused: (sender, kind, count) => this.options.signals.addRefused(sender, kind, count),
      measurements: (sender, measurements, nowMs) => this.measure(sender, measurements, nowMs),
      logs: (sender, records) => logs.take(sender, records),
      spans: (sender, spans) => summarise(traces.add(sender, sender.deployment, spans)),
    };
    // Totals of apps that began after this process count whole, whenever the first of them comes.
    return new OtlpIntake(sinks, { nowMs: this.bornMs });
  }

  private async measure(sender: OtlpSender, measurements: Measurement[], nowMs: number): Promise<void> {
    const { signals } = this.options;
    const { readUsage } = await import("./cost/read-usage.ts");
    signals.add(sender, measurements);
    const used = measurements.map(readUsage).filter((usage) => usage !== undefined);
    if (used.length === 0) return;
    for (const { provider, microUsd, tokens } of (await this.ledger.get()).add(sender, used, nowMs)) {
      signals.addSpending(sender, provider, { spend: microUsd, tokens });
    }
  }
}
