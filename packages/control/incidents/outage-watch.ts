import type { SignalSecond } from "@evenkeel/model";

/** A second in which at least so many of the requests fail. */
const failingShare = 0.5;
/** So long, without a good second between. */
const outageMs = 10_000;
const leastFailed = 3;
/** Good requests for so long end it. */
const recoveryMs = 5_000;
/** Of an outage of which nobody asks any more nothing is known; somebody has to look. */
const silenceMs = 15_000;

interface Run {
  /** Beginning of the first failing second without a good one since. */
  failingSinceMs?: number | undefined;
  failed: number;
  requests: number;
  goodSinceMs?: number | undefined;
  heardAtMs: number;
  isOut: boolean;
}

export interface OutageSeen {
  /** `app/environment` */
  key: string;
  app: string;
  environment: string;
  beganAtMs: number;
  failed: number;
  requests: number;
}

export interface OutageNews {
  /** Out, also when it has been told before. */
  out: OutageSeen[];
  recovered: { app: string; environment: string }[];
  /** Out, and nobody asks any more. */
  silent: { app: string; environment: string }[];
}

/** Sees in the counts of the edges whether an app environment answers, whether it has a runbook or not. Pure but for what it remembers. */
export class OutageWatch {
  private readonly runs = new Map<string, Run>();

  /** @param isWatched environments with an alias of their own */
  constructor(
    private readonly isWatched = (environment: string) =>
      environment === "production" || environment === "staging",
  ) {}

  take({ atMs, samples, live }: Pick<SignalSecond, "atMs" | "samples" | "live">): OutageNews {
    const news: OutageNews = { out: [], recovered: [], silent: [] };
    // Without an edge's word nothing is known of this second.
    if (!live.includes("edge")) return news;
    const counted = new Map<string, { app: string; environment: string; requests: number; errors: number }>();
    for (const { app, environment, counts } of samples) {
      if (!counts || !this.isWatched(environment)) continue;
      const key = `${app}/${environment}`;
      const sum = counted.get(key) ?? { app, environment, requests: 0, errors: 0 };
      sum.requests += counts["requests"] ?? 0;
      sum.errors += counts["errors"] ?? 0;
      counted.set(key, sum);
    }
    for (const [key, sum] of counted) if (sum.requests > 0) this.count(key, sum, atMs, news);
    for (const [key, run] of this.runs) {
      const quietMs = atMs - run.heardAtMs;
      if (run.isOut && quietMs >= silenceMs) {
        news.silent.push(named(key));
        run.heardAtMs = atMs;
      } else if (!run.isOut && quietMs > 60_000) this.runs.delete(key);
    }
    return news;
  }

  /** What was open when control began: it recovers like what it saw itself. */
  resume(key: string): void {
    this.runs.set(key, { failed: 0, requests: 0, heardAtMs: 0, isOut: true });
  }

  private count(
    key: string,
    {
      app,
      environment,
      requests,
      errors,
    }: { app: string; environment: string; requests: number; errors: number },
    atMs: number,
    news: OutageNews,
  ): void {
    const run = this.runs.get(key) ?? { failed: 0, requests: 0, heardAtMs: atMs, isOut: false };
    this.runs.set(key, run);
    run.heardAtMs = atMs;
    if (errors / requests >= failingShare) {
      run.goodSinceMs = undefined;
      if (run.failingSinceMs === undefined)
        Object.assign(run, { failingSinceMs: atMs, failed: 0, requests: 0 });
      run.failed += errors;
      run.requests += requests;
      if (atMs + 1_000 - run.failingSinceMs! < outageMs || run.failed < leastFailed) return;
      run.isOut = true;
      news.out.push({
        key,
        app,
        environment,
        beganAtMs: run.failingSinceMs!,
        failed: run.failed,
        requests: run.requests,
      });
      return;
    }
    run.failingSinceMs = undefined;
    run.goodSinceMs ??= atMs;
    if (!run.isOut || atMs - run.goodSinceMs < recoveryMs) return;
    run.isOut = false;
    news.recovered.push({ app, environment });
  }
}

const named = (key: string) => {
  const [app, environment] = key.split("/") as [string, string];
  return { app, environment };
};
