import { Histogram, type SignalSecond } from "@evenkeel/model";

/** One second of traffic, in a few words. */
export interface WatchedSecond {
  requests?: number;
  errors?: number;
  /** Of the requests, those that took ten seconds; the others took 50 ms. */
  slow?: number;
  /** Nobody measured. */
  missing?: boolean;
  deployment?: string | undefined;
  health?: 0 | 1;
}

/** As the process of signals would tell it. */
export function signalsOfSecond(second: number, given: WatchedSecond): SignalSecond {
  const { requests = 0, errors = 0, slow = 0, deployment, health } = given;
  const latency = new Histogram();
  if (requests > slow) latency.record(50, requests - slow);
  if (slow > 0) latency.record(10_000, slow);
  const scope = {
    ...{ app: "shop", environment: "production" as const },
    ...(deployment === undefined ? {} : { deployment }),
  };
  return {
    atMs: second * 1_000,
    live: ["edge"],
    samples: [
      ...(requests === 0
        ? []
        : [{ ...scope, counts: { requests }, histograms: { latency: latency.toJSON() } }]),
      ...(errors === 0 ? [] : [{ ...scope, detail: "app", counts: { errors } }]),
      ...(health === undefined ? [] : [{ ...scope, detail: "health", gauges: { health_check: health } }]),
    ],
  };
}
