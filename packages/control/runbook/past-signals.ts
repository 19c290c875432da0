import type {
  AppEnvironment,
  HistogramJson,
  SignalAnswer,
  SignalSample,
  SignalSecond,
} from "@evenkeel/model";
import { signalDefinition } from "@evenkeel/model";
import type { SignalHistory } from "@evenkeel/runbook";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";

const hourMs = 3_600_000;
const monthMs = 31 * 86_400_000;

/**
 * Recorded seconds of what a history needs, in their order: so that a window does not begin anew with every start of control and every
 * runbook. Sums over more than an hour come by the minute.
 *
 * @throws SignalsUnavailableError, ReportedError
 */
export async function pastSignals(
  signals: Pick<SignalsClient, "query">,
  { app, environment }: AppEnvironment,
  { needs }: Pick<SignalHistory, "needs">,
  range: { fromMs?: number; toMs: number },
): Promise<SignalSecond[]> {
  const { toMs } = range;
  const answers = await Promise.all(
    needs.map(async ({ signal, widthS, details, across }) => {
      const fromMs = range.fromMs ?? toMs - (widthS === 1 ? hourMs : monthMs);
      const asked = { app, environment, signal, fromMs, toMs, stepMs: widthS * 1_000 };
      return signals.query({ ...asked, by: details ? "detail" : "deployment", ...(across && { across }) });
    }),
  );
  const seconds = new Map<number, SignalSecond>();
  for (const answer of answers) collect(seconds, answer, { app, environment });
  return [...seconds.values()].sort((one, other) => one.atMs - other.atMs);
}

function collect(seconds: Map<number, SignalSecond>, answer: SignalAnswer, scope: AppEnvironment): void {
  const origin = signalDefinition(answer.signal)?.origin;
  for (const { deployment, detail, points } of answer.series) {
    for (const [index, point] of points.entries()) {
      if (point === null) continue;
      const atMs = answer.fromMs + index * answer.stepMs;
      const second: SignalSecond = seconds.get(atMs) ?? { atMs, live: [], samples: [] };
      seconds.set(atMs, second);
      if (origin !== undefined && !second.live.includes(origin)) second.live.push(origin);
      const sample: SignalSample = {
        ...scope,
        ...(deployment === undefined ? {} : { deployment }),
        ...(detail === undefined ? {} : { detail }),
      };
      if (typeof point === "number") sample.counts = { [answer.signal]: point };
      else if (Array.isArray(point)) sample.histograms = { [answer.signal]: point as HistogramJson };
      else if ("mean" in point && "last" in point) sample.gauges = { [answer.signal]: point.mean };
      second.samples.push(sample);
    }
  }
}
