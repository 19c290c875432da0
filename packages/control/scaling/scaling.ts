import type { ScaleWish } from "@evenkeel/runbook";
import type { FormationRow } from "../processes/formation-store.ts";

/** What a clause of a runbook has made larger, on top of what people have said. */
export interface Scaling {
  clause: string;
  resource: ScaleWish["resource"];
  /** Doublings. */
  steps: number;
  most: number | null;
}

/** Where a runbook names no limit. A machine that has no room for it says so when it is asked to start one more. */
const usualMost = { instances: 100, memory: 8_192 };

/** So many times, at most so much; of several clauses the one that asks for most. Pure. */
export function factorOf(
  scalings: readonly Scaling[],
  resource: Scaling["resource"],
): { factor: number; most: number } {
  const largest = scalings
    .filter((scaling) => scaling.resource === resource)
    .sort((one, other) => other.steps - one.steps)[0];
  if (!largest) return { factor: 1, most: Number.POSITIVE_INFINITY };
  return { factor: 2 ** largest.steps, most: largest.most ?? usualMost[resource] };
}

/** Never less than what people have said, which may be more than the limit. */
export const scaled = (base: number, { factor, most }: { factor: number; most: number }): number =>
  Math.max(base, Math.min(base * factor, most));

/** Of the processes of an environment, those that answer its visitors. */
export function scaledRow(row: FormationRow, scalings: readonly Scaling[]): FormationRow {
  return {
    ...row,
    count: row.count === 0 ? 0 : scaled(row.count, factorOf(scalings, "instances")),
    memoryMb: scaled(row.memoryMb, factorOf(scalings, "memory")),
  };
}
