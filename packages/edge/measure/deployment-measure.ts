import { HistogramRecorder, type ServedDeployment, type SignalSample } from "@evenkeel/model";

/** What is counted of one deployment in the current second. Kept by whoever serves it, so that counting is a few additions. */
export class DeploymentMeasure {
  readonly latency = new HistogramRecorder();
  requests = 0;
  /** By which the platform looked itself; nothing else is counted of them. */
  probes = 0;
  clientErrors = 0;
  /** 5xx by class; there are so few that a map may be asked. */
  readonly errors = new Map<string, number>();
  requestBytes = 0;
  responseBytes = 0;
  prerenderHits = 0;
  prerenderMisses = 0;
  /** Now, and the most of the current second. */
  inFlight = 0;
  mostInFlight = 0;
  /** Something was counted since the last `take`, or is in flight. */
  touched = false;

  constructor(readonly deployment: Pick<ServedDeployment, "id" | "app" | "environment">) {}

  /** What was counted since the last call, of the edge with this name. */
  take(edge: string): SignalSample[] {
    const { id, app, environment } = this.deployment;
    const scope = { app, environment, deployment: id };
    const latency = this.latency.take();
    const samples: SignalSample[] = [
      { ...scope, counts: this.takeCounts(), histograms: latency.length > 0 ? { latency } : undefined },
      { ...scope, detail: edge, gauges: { in_flight: this.mostInFlight } },
    ];
    for (const [detail, errors] of this.errors) samples.push({ ...scope, detail, counts: { errors } });
    this.errors.clear();
    this.mostInFlight = this.inFlight;
    return samples;
  }

  private takeCounts(): Record<string, number> {
    const counts: Record<string, number> = {};
    const note = (signal: string, count: number) => {
      if (count > 0) counts[signal] = count;
    };
    note("requests", this.requests);
    note("probes", this.probes);
    note("client_errors", this.clientErrors);
    note("request_bytes", this.requestBytes);
    note("response_bytes", this.responseBytes);
    note("prerender_hits", this.prerenderHits);
    note("prerender_misses", this.prerenderMisses);
    this.requests = this.probes = this.clientErrors = this.requestBytes = this.responseBytes = 0;
    this.prerenderHits = this.prerenderMisses = 0;
    return counts;
  }
}
