import { HistogramRecorder, type HomeLayout, type SignalSample, type SignalScope } from "@evenkeel/model";
import { SignalSender } from "@evenkeel/signals/client/signal-sender";
import { InstanceNumbers } from "./instance-numbers.ts";

/** What is measured of one instance or process while it runs. */
export interface MeasuredProcess {
  /** With its deployment. */
  scope: SignalScope;
  /** `web.1`; absent: instances are numbered. */
  name?: string;
  /** Only what serves is looked at. */
  isUp(): boolean;
  memoryBytes(): number;
  /** Processor time used since it began, in seconds; undefined where nobody knows. */
  cpuSeconds(): number | undefined;
  /** Whether it has served since the last call. Absent: its event loop is not known. */
  wasUsed?(): boolean;
  /** Resolves once its event loop has turned. */
  turned?(): Promise<unknown>;
}

interface Watched {
  process: MeasuredProcess;
  detail: string;
  cpu: { seconds: number; atMs: number } | undefined;
  isAsked: boolean;
}

interface Counted {
  scope: SignalScope;
  counts: Record<string, number>;
  startTime: HistogramRecorder;
  loopDelay: HistogramRecorder;
}

const lookEveryMs = 5_000;
const secondMs = 1_000;

/**
 * Measures instances and processes: levels every five seconds, what happens in the second in which it does. Of the event loop it is
 * measured how long an answer to a ping takes, once a second and only of what serves: a timer in each instance would keep idle ones awake.
 */
export class HostMeasures {
  private readonly sender: SignalSender;
  private readonly numbers = new InstanceNumbers();
  private readonly watched = new Set<Watched>();
  private readonly counted = new Map<string, Counted>();
  /** Deployments that had instances at the last look: that they have none any more is told once. */
  private populated = new Map<string, SignalScope>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(layout: HomeLayout) {
    this.sender = new SignalSender({ socketPath: layout.signalsSocket, origin: "host", name: "host" });
    this.lookLater();
  }

  /** Measures it until the returned function is called. */
  watch(process: MeasuredProcess): () => void {
    const { number, release } = this.numbers.take(process.scope.deployment ?? "");
    const watched: Watched = {
      process,
      detail: process.name ?? String(number),
      cpu: undefined,
      isAsked: false,
    };
    this.watched.add(watched);
    return () => {
      this.watched.delete(watched);
      release();
    };
  }

  count(
    scope: SignalScope,
    signal: "cold_starts" | "instance_restarts" | "log_lines" | "log_lines_dropped",
    by = 1,
  ): void {
    const { counts } = this.of(scope);
    counts[signal] = (counts[signal] ?? 0) + by;
  }

  started(scope: SignalScope, tookMs: number): void {
    this.of(scope).startTime.record(tookMs);
  }

  /** Tells what was counted until now. */
  stop(): void {
    clearTimeout(this.timer);
    this.tell([]);
    this.sender.stop();
  }

  private of(scope: SignalScope): Counted {
    const key = `${scope.app} ${scope.environment} ${scope.deployment} ${scope.detail ?? ""}`;
    let counted = this.counted.get(key);
    if (!counted) {
      counted = { scope, counts: {}, startTime: new HistogramRecorder(), loopDelay: new HistogramRecorder() };
      this.counted.set(key, counted);
    }
    return counted;
  }

  private lookLater(): void {
    this.timer = setTimeout(
      () => {
        this.look();
        this.lookLater();
      },
      // An idle host turns once in five seconds only.
      nextMultiple(this.watched.size > 0 || this.counted.size > 0 ? secondMs : lookEveryMs),
    );
  }

  private look(): void {
    const atMs = Date.now();
    for (const watched of this.watched) this.ask(watched);
    const isTurn = Math.floor(atMs / secondMs) % (lookEveryMs / secondMs) === 0;
    this.tell(isTurn ? this.levels(atMs) : []);
  }

  private ask(watched: Watched): void {
    const { process } = watched;
    if (watched.isAsked || !process.turned || !process.isUp() || !process.wasUsed?.()) return;
    watched.isAsked = true;
    const beganMs = performance.now();
    void process.turned().finally(() => {
      watched.isAsked = false;
      this.of(process.scope).loopDelay.record(performance.now() - beganMs);
    });
  }

  private levels(atMs: number): SignalSample[] {
    const samples: SignalSample[] = [];
    const instances = new Map<string, { scope: SignalScope; count: number }>();
    for (const [key, scope] of this.populated) instances.set(key, { scope, count: 0 });
    for (const watched of this.watched) {
      const { process, detail } = watched;
      if (!process.isUp()) continue;
      const gauges: Record<string, number> = { instance_memory: process.memoryBytes() };
      const cores = coresOf(watched, atMs);
      if (cores !== undefined) gauges["instance_cpu"] = cores;
      samples.push({ ...process.scope, detail, gauges });
      const key = process.scope.deployment ?? "";
      const known = instances.get(key) ?? { scope: process.scope, count: 0 };
      instances.set(key, { ...known, count: known.count + 1 });
    }
    this.populated = new Map();
    for (const [key, { scope, count }] of instances) {
      if (count > 0) this.populated.set(key, scope);
      samples.push({ ...scope, gauges: { instances: count } });
    }
    return samples;
  }

  private tell(levels: SignalSample[]): void {
    const samples = [...levels];
    for (const { scope, counts, startTime, loopDelay } of this.counted.values()) {
      const histograms = { start_time: startTime.take(), event_loop_delay: loopDelay.take() };
      const measured = Object.entries(histograms).filter(([, json]) => json.length > 0);
      samples.push({
        ...scope,
        counts,
        ...(measured.length > 0 && { histograms: Object.fromEntries(measured) }),
      });
    }
    this.counted.clear();
    if (samples.length > 0) this.sender.send(samples);
  }
}

/** Cores in use since the last look. */
function coresOf(watched: Watched, atMs: number): number | undefined {
  const seconds = watched.process.cpuSeconds();
  const before = watched.cpu;
  watched.cpu = seconds === undefined ? undefined : { seconds, atMs };
  if (seconds === undefined || !before || atMs <= before.atMs) return undefined;
  return Math.max(0, (seconds - before.seconds) / ((atMs - before.atMs) / 1_000));
}

const nextMultiple = (ofMs: number): number => ofMs - (Date.now() % ofMs);
