import type { StagedRelease } from "../api/contract/index.ts";
import type { Judgement } from "./compare-releases.ts";

export interface StepFacts {
  kind: StagedRelease["kind"];
  isHeld: boolean;
  elapsedMs: number;
  /** `null`: until a person promotes it. */
  durationMs: number | null;
  judgement: Judgement;
}

export type StepDecision =
  | { act: "stay"; waitsFor: NonNullable<StagedRelease["waitsFor"]> }
  | { act: "advance" }
  | { act: "abort"; reason: string };

/**
 * What becomes of a step now. Pure.
 *
 * A way forward needs health that was seen; a way back does not, since it leads to what was sound: only a target that is worse than what it
 * replaces ends it.
 */
export function decideStep({ kind, isHeld, elapsedMs, durationMs, judgement }: StepFacts): StepDecision {
  const abort = { act: "abort", reason: `The canary ${judgement.why}` } as const;
  if (judgement.fails) return abort;
  if (isHeld || durationMs === null) return { act: "stay", waitsFor: "person" };
  if (elapsedMs < durationMs) return { act: "stay", waitsFor: "time" };
  if (judgement.verdict === "worse") return abort;
  if (judgement.verdict === "unknown" && kind !== "rollback") return { act: "stay", waitsFor: "requests" };
  return { act: "advance" };
}
