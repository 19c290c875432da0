import { type DeploymentId, type EdgeMeasure, latencyBucketsMs } from "@evenkeel/model";

/** Counts of one deployment in the current second. Kept by whoever serves it, so that counting is a few additions. */
export class DeploymentMeasure {
  readonly statuses = new Float64Array(5);
  /** By `latencyBucketsMs`; the last also counts everything slower. */
  readonly latency = new Float64Array(latencyBucketsMs.length);
  requestBytes = 0;
  responseBytes = 0;
  prerenderHits = 0;
  prerenderMisses = 0;
  /** Something was counted since the last `take`. */
  touched = false;

  constructor(readonly deployment: DeploymentId) {}

  take(): EdgeMeasure {
    const measure: EdgeMeasure = {
      deployment: this.deployment,
      statuses: Array.from(this.statuses) as EdgeMeasure["statuses"],
      latency: Array.from(this.latency),
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      prerenderHits: this.prerenderHits,
      prerenderMisses: this.prerenderMisses,
    };
    this.statuses.fill(0);
    this.latency.fill(0);
    this.requestBytes = this.responseBytes = this.prerenderHits = this.prerenderMisses = 0;
    this.touched = false;
    return measure;
  }
}

const bounds = Float64Array.from(latencyBucketsMs);

/** Index of the first bucket whose upper bound is not below `ms`; the last one counts everything slower. */
export function latencyBucket(ms: number): number {
  let low = 0;
  let high = bounds.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Counts requests by deployment and hands the counts of each second on, if there are any. */
export class Measures {
  private readonly measures = new Map<DeploymentId, DeploymentMeasure>();
  private touched: DeploymentMeasure[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly onSecond: (atMs: number, measures: EdgeMeasure[]) => void) {}

  of(deployment: DeploymentId): DeploymentMeasure {
    let measure = this.measures.get(deployment);
    if (!measure) {
      measure = new DeploymentMeasure(deployment);
      this.measures.set(deployment, measure);
    }
    return measure;
  }

  /** One finished request; `status` 0 (the client left before an answer) counts as 4xx, as nginx's 499 does. */
  count(
    measure: DeploymentMeasure,
    status: number,
    latencyMs: number,
    requestBytes: number,
    responseBytes: number,
  ): void {
    if (!measure.touched) this.touch(measure);
    const statusClass = status === 0 ? 3 : ((status / 100) | 0) - 1;
    measure.statuses[statusClass]!++;
    measure.latency[latencyBucket(latencyMs)]!++;
    measure.requestBytes += requestBytes;
    measure.responseBytes += responseBytes;
  }

  /** Drops deployments that exist no more; what they counted is still told. */
  retain(deployments: ReadonlySet<DeploymentId>): void {
    for (const id of this.measures.keys()) if (!deployments.has(id)) this.measures.delete(id);
  }

  /** Tells what was counted until now. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.touched.length === 0) return;
    const measures = this.touched.map((measure) => measure.take());
    this.touched = [];
    this.onSecond(Math.floor(Date.now() / 1_000) * 1_000, measures);
  }

  private touch(measure: DeploymentMeasure): void {
    measure.touched = true;
    this.touched.push(measure);
    this.timer ??= setTimeout(() => this.flush(), 1_000 - (Date.now() % 1_000));
  }
}
