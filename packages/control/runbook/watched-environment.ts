import type { SignalSecond } from "@evenkeel/model";
import {
  type Clause,
  type CompiledRunbook,
  type Decision,
  type EngineState,
  type Evaluation,
  evaluate,
  type Finding,
  SignalHistory,
  type Target,
} from "@evenkeel/runbook";
import type { DecisionEvidence, EvidenceSecond } from "./decision-store.ts";
import type { ReleasedEnvironment } from "./runbook-store.ts";

const evidenceSeconds = 60;

/** The engine over one environment: its runbook in force, the signals that it looks back at, and what it knows of the moments before. */
export class WatchedEnvironment {
  readonly history: SignalHistory;
  readonly clauses: readonly Clause[];
  /** Of the newest evaluation, by clause. */
  findings: ReadonlyMap<string, Finding> = new Map();
  evaluatedAtMs: number | undefined;
  private fedMs = 0;
  /** What came while its past was being fetched. */
  private waiting: SignalSecond[] | undefined = [];

  constructor(
    readonly released: ReleasedEnvironment,
    runbook: CompiledRunbook,
    public state: EngineState,
  ) {
    this.clauses = runbook.clauses;
    this.history = new SignalHistory(runbook.clauses);
  }

  get target(): Target {
    // The second in which it was released is its own.
    return {
      deployment: this.released.deployment,
      broughtBack: this.released.broughtBack,
      sinceS: Math.floor(this.released.releasedAt.getTime() / 1_000) - 1,
    };
  }

  /** Takes its past, then what came meanwhile. */
  begin(past: readonly SignalSecond[]): void {
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    for (const second of [...past, ...waiting]) this.feed(second);
  }

  /** @returns false while its past is not there */
  feed(second: SignalSecond): boolean {
    if (this.waiting) {
      this.waiting.push(second);
      return false;
    }
    if (second.atMs > this.fedMs) {
      const { app, environment } = this.released;
      const samples = second.samples.filter(
        (sample) => isOfPlatform(sample.app) || (sample.app === app && sample.environment === environment),
      );
      this.history.add({ ...second, samples });
      this.fedMs = second.atMs;
    }
    return true;
  }

  /** Does not take over the new state: that is done once its decisions are written. */
  evaluateAt(nowS: number): Evaluation {
    const evaluation = evaluate(
      ...([this.clauses, this.history, nowS, this.state, this.target, this.released.environment] as const),
    );
    this.findings = new Map(evaluation.findings.map((finding) => [finding.clause, finding]));
    this.evaluatedAtMs = Date.now();
    return evaluation;
  }

  evidenceOf(decision: Decision): DecisionEvidence {
    const clause = this.clauses.find(({ id }) => id === decision.clause)!;
    return {
      finding: decision.finding,
      says: clause.says,
      line: clause.line,
      ...(decision.flag ? { flag: decision.flag } : {}),
      ...(decision.scale ? { scale: decision.scale } : {}),
      seconds: this.secondsBefore(clause, decision.atS),
    };
  }

  private secondsBefore({ watch }: Clause, atS: number): EvidenceSecond[] {
    const condition = watch?.any[0];
    if (!condition) return [];
    return Array.from({ length: evidenceSeconds }, (_, index): EvidenceSecond => {
      const second = atS - evidenceSeconds + 1 + index;
      const read = this.history.read(condition, this.target, watch.detail, second - 1, second);
      const atMs = second * 1_000;
      if (read.knownS === 0) return { atMs };
      switch (condition.measure.reading.how) {
        case "ratio":
        case "quantile":
          return {
            atMs,
            samples: read.samples,
            ...(read.samples ? { value: read.beyond / read.samples } : {}),
          };
        case "failures":
          return { atMs, value: read.failedInARow };
        case "share":
          return { atMs, ...(read.whole ? { value: read.sum / read.whole } : {}) };
        default:
          return { atMs, value: read.sum };
      }
    });
  }
}

/** The platform's own disk is everybody's. */
const isOfPlatform = (app: string): boolean => app === "_platform";
