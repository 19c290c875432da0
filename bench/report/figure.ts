/** What is to be reached. */
export type Goal =
  /** At least so many times what a peer reaches in the same round. */
  | { kind: "ratio"; least: number; peer: string }
  /** At most so many times as long as a peer takes in the same round. */
  | { kind: "time"; most: number; peer: string }
  /** At most so much; `statistic` says of what, where it is one of many samples: `p50`. */
  | { kind: "limit"; most: number; unit: Unit; statistic?: string };

export type Unit = "ms" | "s" | "µs" | "MB" | "%" | "requests" | "commits" | "cases";

/** One line of the table. */
export interface Figure {
  /** Stable over runs. */
  id: string;
  what: string;
  goal: Goal;
  /** The median of the rounds' ratios, or the amount in the goal's unit. */
  value: number;
  /** In words and numbers, the peer's too. */
  measured: string;
  /** Per round or per sample, in the order in which they were measured. */
  samples: number[];
}

export function isMet({ goal, value }: Figure): boolean {
  return goal.kind === "ratio" ? value >= goal.least : value <= goal.most;
}

/** `≥ 0.7 × HAProxy`, `p50 ≤ 20 ms` */
export function describeGoal(goal: Goal): string {
  if (goal.kind === "ratio") return `≥ ${goal.least} × ${goal.peer}`;
  if (goal.kind === "time") return `≤ ${goal.most} × the time of ${goal.peer}`;
  const statistic = goal.statistic === undefined ? "" : `${goal.statistic} `;
  const most = goal.most < 10 ? String(goal.most) : formatCount(goal.most);
  const amount = `${most} ${goal.unit}`;
  return `${statistic}≤ ${amount}`;
}

/** `1.08`, or for a limit how much of it is used: `46 %`. Rounded to the worse side, so that nothing looks met that is not. */
export function describeRatio({ goal, value }: Figure): string {
  if (goal.kind === "ratio") return round(value, Math.floor);
  if (goal.kind === "time") return round(value, Math.ceil);
  return goal.most === 0 ? "–" : `${Math.ceil((100 * value) / goal.most)} % of it`;
}

/** Three digits: `0.996`, `1.08`, `18.4`, `123`. */
export function round(value: number, direction: (value: number) => number = Math.round): string {
  const decimals = value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0;
  return (direction(value * 10 ** decimals) / 10 ** decimals).toFixed(decimals);
}

/** `82,140` */
export const formatCount = (value: number): string => Math.round(value).toLocaleString("en-US");
