import { setTimeout as sleep } from "node:timers/promises";
import { appLogFolder, DrainFailedError } from "@evenkeel/logs";
import type { DrainTarget } from "@evenkeel/logs/drains/drain";
import { DrainRunner } from "@evenkeel/logs/drains/drain-runner";
import type { DrainState } from "@evenkeel/logs/drains/drain-state";
import { type AppName, type HomeLayout, platformApp } from "@evenkeel/model";
import type { QueuedSpans } from "@evenkeel/model/link/telemetry-protocol";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";
import type { TelemetryLink } from "../telemetry/telemetry-link.ts";
import type { ExportKind, ExportState } from "./export-state.ts";
import { metricsExport } from "./metrics-export.ts";
import { OtlpSender } from "./otlp-sender.ts";
import { tracesExport } from "./traces-export.ts";

export interface TelemetryExport {
  id: string;
  app: AppName | null;
  kinds: ExportKind[];
  target: DrainTarget;
  state: ExportState;
}

export interface ExportRunnerParts {
  layout: HomeLayout;
  signals: SignalsClient;
  telemetry: TelemetryLink;
  apps(): Promise<AppName[]>;
  /** Keeps where it stands. */
  save(id: string, state: ExportState): Promise<void>;
}

const minuteMs = 60_000;
/** After its end, until all have told of a minute: sources that were away for longer are late for good. */
const settleMs = 5_000;
/** Of minutes that wait for the receiver; signals keep them so long. */
const oldestMs = 30 * 86_400_000;
const spansPerSend = 512;
const samplesPerSend = 1_000;
const lookEveryMs = 2_000;
const appsEveryMs = 15_000;
const firstBackOffMs = 500;
const longestBackOffMs = 60_000;

/**
 * Sends metrics, logs and traces on by OTLP/HTTP. Nothing is queued here: what waits for a receiver stands where it is kept anyway (minutes of signals, the
 * log's segments, the outbox of traces), and a place on disk says how far this export has come, so a restart of either side loses nothing, and doubles
 * at most what was under way: a batch of lines or spans, a minute of metrics (whose points carry their times).
 */
export class ExportRunner {
  private readonly stopping = new AbortController();
  private readonly loops: Promise<void>[] = [];
  private readonly logs = new Map<AppName, DrainRunner>();
  private readonly sender: OtlpSender;
  private readonly refusedLines = { count: 0 };
  readonly state: ExportState;

  constructor(
    readonly wanted: TelemetryExport,
    private readonly parts: ExportRunnerParts,
  ) {
    this.state = wanted.state;
    this.sender = new OtlpSender(wanted.target, (kind, count, reason) => {
      if (kind === "logs") this.refusedLines.count += count;
      else this.state.counts[kind].refused += count;
      console.error(`control: export ${wanted.id}: ${count} of ${kind} were refused: ${reason}`);
    });
    if (wanted.kinds.includes("metrics")) this.loops.push(this.repeat("metrics", () => this.sendMinute()));
    if (wanted.kinds.includes("traces")) this.loops.push(this.repeat("traces", () => this.sendSpans()));
    if (wanted.kinds.includes("logs")) this.loops.push(this.repeat("logs", () => this.followApps()));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all([...this.loops, ...[...this.logs.values()].map((runner) => runner.stop())]);
  }

  /** Lines of all apps together, and what hinders them. */
  logReport(): Pick<DrainState, "deliveredLines" | "lostLines" | "failure"> & { refused: number } {
    const reports = [...this.logs.values()].map((runner) => runner.report());
    const failure = reports.find((report) => report.failure)?.failure;
    return {
      deliveredLines:
        reports.reduce((sum, { deliveredLines }) => sum + deliveredLines, 0) - this.refusedLines.count,
      lostLines: reports.reduce((sum, { lostLines }) => sum + lostLines, 0),
      refused: this.refusedLines.count,
      ...(failure && { failure }),
    };
  }

  /** An app was removed. */
  async forget(app: AppName): Promise<void> {
    await this.logs.get(app)?.stop();
    this.logs.delete(app);
  }

  /** Calls `step` until it says that nothing is left, waits, and begins again; after a failure later and later. */
  private async repeat(kind: ExportKind, step: () => Promise<number>): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      let waitMs: number;
      try {
        waitMs = await step();
        if (this.state.failures[kind]) {
          delete this.state.failures[kind];
          await this.save();
        }
      } catch (error) {
        if (signal.aborted) return;
        const { sinceMs = Date.now(), attempts = 0 } = this.state.failures[kind] ?? {};
        this.state.failures[kind] = { message: (error as Error).message, sinceMs, attempts: attempts + 1 };
        await this.save().catch(() => {});
        const asked = error instanceof DrainFailedError ? (error.retryAfterMs ?? 0) : 0;
        const backOffMs = firstBackOffMs * 2 ** Math.min(attempts, 20);
        waitMs = Math.min(longestBackOffMs, Math.max(backOffMs, asked));
      }
      if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  private async sendMinute(): Promise<number> {
    const { state } = this;
    const nowMs = Date.now();
    const oldest = Math.floor((nowMs - oldestMs) / minuteMs) * minuteMs;
    state.minuteMs = Math.max(state.minuteMs, oldest);
    const readyMs = state.minuteMs + minuteMs + settleMs;
    if (nowMs < readyMs) return Math.min(readyMs - nowMs, minuteMs);
    const { app } = this.wanted;
    const samples = (await this.parts.signals.minute(state.minuteMs)).filter(
      (sample) => app === null || sample.app === app,
    );
    for (let at = 0; at < samples.length; at += samplesPerSend) {
      const { request, points } = metricsExport(samples.slice(at, at + samplesPerSend), state.minuteMs);
      state.counts.metrics.sent += await this.sender.send("metrics", request, points);
    }
    state.minuteMs += minuteMs;
    state.sentAtMs = Date.now();
    await this.save();
    return 0;
  }

  private async sendSpans(): Promise<number> {
    const { state } = this;
    const { id: reader, app } = this.wanted;
    const { spans, seq, lost } = await this.parts.telemetry.ask<QueuedSpans>({
      ...{ type: "queued_spans", reader, after: state.spanSeq, limit: spansPerSend },
    });
    if (seq === state.spanSeq && lost === 0) return lookEveryMs;
    const own = spans.filter((span) => app === null || span.app === app);
    if (own.length > 0) {
      state.counts.traces.sent += await this.sender.send("traces", tracesExport(own), own.length);
      state.sentAtMs = Date.now();
    }
    state.counts.traces.lost += lost;
    state.spanSeq = seq;
    await this.save();
    return spans.length < spansPerSend ? lookEveryMs : 0;
  }

  /** Each app's log is followed apart: one whose lines are refused does not hold up the others. */
  private async followApps(): Promise<number> {
    const { wanted, parts } = this;
    for (const app of wanted.app === null ? await parts.apps() : [wanted.app]) {
      if (this.logs.has(app) || app === platformApp) continue;
      const drain = { ...wanted.target, id: exportDrainId(wanted.id), app };
      this.logs.set(
        app,
        new DrainRunner(drain, appLogFolder(parts.layout, app), () => this.sender.shipper()),
      );
    }
    return appsEveryMs;
  }

  private save(): Promise<void> {
    return this.parts.save(this.wanted.id, this.state);
  }
}

/** Of the files that say how far an export has come in each app's log. */
export const exportDrainId = (id: string): string => `export-${id}`;
