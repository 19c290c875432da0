import { type DatabaseProgress, type DrillFindings, type DrillStep, errorJson } from "@evenkeel/model";

/** A drill under way: its steps one after the other, and what they measured. */
export class Rehearsal {
  readonly findings: DrillFindings = { steps: [], failures: [] };

  constructor(private readonly onProgress: (progress: DatabaseProgress) => void) {}

  /** @param says of its result, in one sentence @throws what `work` throws, after it is noted as the drill's failure */
  async step<Result>(
    name: string,
    work: () => Promise<Result> | Result,
    says: (result: Result) => string = () => "done",
  ): Promise<Result> {
    this.onProgress({ step: name });
    const startedMs = performance.now();
    const note = (said: string): DrillStep => {
      const step = { name, tookMs: Math.round(performance.now() - startedMs), says: said };
      this.findings.steps.push(step);
      return step;
    };
    try {
      const result = await work();
      note(says(result));
      return result;
    } catch (error) {
      const { code, message } = errorJson(error);
      note(`failed: ${message}`);
      this.fail(name, code, message);
      throw new StepFailed();
    }
  }

  fail(step: string, code: string, message: string): void {
    this.findings.failures.push({ step, code, message });
  }
}

/** A step of a drill has failed and is noted; what comes after it cannot run. */
export class StepFailed extends Error {}
