import type { DeploymentId, ServedDeployment, SignalSample } from "@evenkeel/model";
import { DeploymentMeasure } from "./deployment-measure.ts";

export interface MeasuresOptions {
  /** Of this edge: `edge-0`. */
  edge: string;
  /** Told at the end of each second in which something was counted or in flight. Absent: nothing is counted. */
  onSecond?: (samples: SignalSample[]) => void;
}

/** The class of an error that is the app's own answer. */
const ownError = "app";

/** Counts requests by deployment, without allocating anything, and hands the counts of each second on. */
export class Measures {
  private readonly measures = new Map<DeploymentId, DeploymentMeasure>();
  private touched: DeploymentMeasure[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly isOn: boolean;

  constructor(private readonly options: MeasuresOptions) {
    this.isOn = options.onSecond !== undefined;
  }

  of(deployment: ServedDeployment): DeploymentMeasure {
    let measure = this.measures.get(deployment.id);
    if (!measure) {
      measure = new DeploymentMeasure(deployment);
      this.measures.set(deployment.id, measure);
    }
    return measure;
  }

  /** A request came. `count` ends it. */
  begin(measure: DeploymentMeasure): void {
    if (!this.isOn) return;
    if (!measure.touched) this.touch(measure);
    if (++measure.inFlight > measure.mostInFlight) measure.mostInFlight = measure.inFlight;
  }

  /** The platform looked itself: no traffic, whatever was answered. */
  countProbe(measure: DeploymentMeasure): void {
    if (!this.isOn) return;
    if (!measure.touched) this.touch(measure);
    measure.probes++;
  }

  /**
   * A request has ended; `status` 0 (the client left before an answer) counts as 4xx, as nginx's 499 does.
   *
   * @param failure why the edge answered 5xx itself; absent: the app did
   */
  count(
    measure: DeploymentMeasure,
    status: number,
    latencyMs: number,
    requestBytes: number,
    responseBytes: number,
    failure: string | undefined,
  ): void {
    if (!this.isOn) return;
    if (!measure.touched) this.touch(measure);
    measure.inFlight--;
    measure.requests++;
    if (status >= 500) {
      const errorClass = failure ?? ownError;
      measure.errors.set(errorClass, (measure.errors.get(errorClass) ?? 0) + 1);
    } else if (status >= 400 || status === 0) measure.clientErrors++;
    measure.latency.record(latencyMs);
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
    const measured = this.touched;
    this.touched = [];
    this.options.onSecond?.(measured.flatMap((measure) => measure.take(this.options.edge)));
    for (const measure of measured) {
      measure.touched = false;
      // What lasts longer than a second is in flight in the next one, too.
      if (measure.inFlight > 0) this.touch(measure);
    }
  }

  private touch(measure: DeploymentMeasure): void {
    measure.touched = true;
    this.touched.push(measure);
    this.timer ??= setTimeout(() => this.flush(), 1_000 - (Date.now() % 1_000));
  }
}
