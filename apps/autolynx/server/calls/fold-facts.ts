import { type CallStatus, endOf } from "./call-status.ts";

/** One thing that the provider said of a call, cut down to what counts. */
export interface Fact {
  kind: "status" | "report" | "snapshot";
  /** When it was so, by the provider's clock; milliseconds since the epoch. */
  atMs: number;
  providerCallId: string;
  status?: "scheduled" | "queued" | "ringing" | "in-progress" | "forwarding" | "ended";
  endedReason?: string;
  startedAtMs?: number;
  endedAtMs?: number;
  /** Dollars, as it was said. */
  cost?: number;
  transcript?: string;
  recordingUrl?: string;
  summary?: string;
  success?: boolean;
  structured?: Record<string, unknown>;
}

/** What all that was said of a call comes to. */
export interface CallState {
  status: CallStatus;
  providerCallId: string | null;
  startedAtMs: number | null;
  endedAtMs: number | null;
  endedReason: string | null;
  durationMs: number | null;
  costMicrodollars: number | null;
  success: boolean | null;
  outcome: string | null;
  sentiment: string | null;
  summary: string | null;
  structured: Record<string, unknown> | null;
  transcript: string | null;
  recordingUrl: string | null;
  oddities: string[];
  /** Its end is reported with all that belongs to it; there is nothing more to ask for. */
  settled: boolean;
}

export const dollars = 1_000_000;

const ranks = { scheduled: 1, queued: 1, ringing: 2, "in-progress": 3, forwarding: 3, ended: 4 } as const;
const statusOfRank = ["INTENDED", "QUEUED", "RINGING", "IN_PROGRESS"] as const;
const weight = { status: 0, snapshot: 1, report: 2 } as const;

/**
 * The state of a call from the set of its facts. Nothing else goes in, so that neither the order in which they came, nor how often, nor what was done
 * between them makes a difference. Of two facts that contradict each other the later one by the provider's clock holds, and of simultaneous ones the
 * one that says more.
 *
 * @param facts each with its key, which decides between facts that are equal otherwise
 */
export function foldFacts(facts: readonly { key: string; fact: Fact }[]): CallState {
  const sorted = [...facts].sort(
    (a, b) =>
      a.fact.atMs - b.fact.atMs ||
      weight[a.fact.kind] - weight[b.fact.kind] ||
      (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  );
  const last = <Value>(read: (fact: Fact) => Value | undefined): Value | null => {
    for (let index = sorted.length - 1; index >= 0; index--) {
      const value = read(sorted[index]!.fact);
      if (value !== undefined) return value;
    }
    return null;
  };
  const rank = sorted.reduce((most, { fact }) => Math.max(most, rankOf(fact)), 0);
  const oddities = new Set<string>();
  for (const { fact } of sorted) {
    if (fact.cost !== undefined && !isCost(fact.cost)) oddities.add("impossible_cost");
  }
  const ids = new Set(sorted.map(({ fact }) => fact.providerCallId));
  if (ids.size > 1) oddities.add("several_provider_calls");

  const explicitStart = last(({ startedAtMs }) => startedAtMs);
  const heardStart = sorted.find(({ fact }) => fact.kind === "status" && fact.status === "in-progress")?.fact
    .atMs;
  const startedAtMs = explicitStart ?? heardStart ?? null;
  const over = rank === 4;
  const endedAtMs = over
    ? (last(({ endedAtMs }) => endedAtMs) ??
      last((fact) => (fact.kind === "status" && fact.status === "ended" ? fact.atMs : undefined)))
    : null;
  const endedReason = over ? last((fact) => fact.endedReason) : null;
  const structured = last((fact) => fact.structured);
  const cost = last((fact) =>
    fact.kind !== "status" && fact.cost !== undefined && isCost(fact.cost) && rankOf(fact) === 4
      ? fact.cost
      : undefined,
  );
  const status: CallStatus = over
    ? endOf(endedReason ?? "unknown", startedAtMs !== null)
    : (statusOfRank[rank] ?? "INTENDED");
  if (over && startedAtMs === null && (status === "COMPLETED" || status === "VOICEMAIL"))
    oddities.add("end_without_start");
  if (startedAtMs !== null && endedAtMs !== null && endedAtMs < startedAtMs) oddities.add("end_before_start");
  return {
    status,
    providerCallId: sorted[0]?.fact.providerCallId ?? null,
    startedAtMs,
    endedAtMs,
    endedReason,
    durationMs: endedAtMs === null || startedAtMs === null ? null : Math.max(0, endedAtMs - startedAtMs),
    costMicrodollars: cost === null ? null : Math.round(cost * dollars),
    success: last((fact) => fact.success),
    outcome: textOf(structured?.["outcome"]),
    sentiment: textOf(structured?.["sentiment"]),
    summary: last((fact) => fact.summary),
    structured,
    transcript: last((fact) => fact.transcript),
    recordingUrl: last((fact) => fact.recordingUrl),
    oddities: [...oddities].sort(),
    // The provider's own page may say that a call has ended before it says what it cost.
    settled: sorted.some(
      ({ fact }) =>
        fact.kind === "report" || (fact.kind === "snapshot" && rankOf(fact) === 4 && fact.cost !== undefined),
    ),
  };
}

function rankOf(fact: Fact): number {
  if (fact.kind === "report") return 4;
  return fact.status === undefined ? 0 : ranks[fact.status];
}

const isCost = (cost: number): boolean => Number.isFinite(cost) && cost >= 0 && cost < 10_000;

const textOf = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
