import type { Fact } from "../calls/fold-facts.ts";

type Json = Record<string, unknown>;

/** What we give to each call, and find again in everything that Vapi says of it. */
export interface OurMark {
  organisation: string;
  cohort: string;
  call: string;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const day = /^\d{4}-\d{2}-\d{2}$/;

/** Our mark on a call of Vapi's; undefined where it is none of ours. */
export function markOf(call: Json): OurMark | undefined {
  for (const holder of [objectOf(call["assistantOverrides"]), call, objectOf(call["assistant"])]) {
    const mark = objectOf(objectOf(holder?.["metadata"])?.["autolynx"]);
    const { organisation, cohort, call: id } = (mark ?? {}) as Record<string, unknown>;
    if (
      typeof organisation === "string" &&
      uuid.test(organisation) &&
      typeof cohort === "string" &&
      day.test(cohort) &&
      typeof id === "string" &&
      uuid.test(id)
    )
      return { organisation, cohort, call: id };
  }
  return undefined;
}

/** A call as Vapi's API shows it: https://docs.vapi.ai/api-reference/calls/get */
export function snapshotFact(call: Json): Fact {
  return withResults(
    { kind: "snapshot", atMs: timeOf(call["updatedAt"]) ?? 0, providerCallId: String(call["id"]) },
    call,
    call,
  );
}

/**
 * A message to our server as a fact: https://docs.vapi.ai/server-url/events
 *
 * @returns undefined for messages that say nothing about how the call stands
 */
export function messageFact(message: Json): { call: Json; fact: Fact } | undefined {
  const call = objectOf(message["call"]);
  const id = textOf(call?.["id"]);
  if (!call || id === undefined) return undefined;
  const atMs = typeof message["timestamp"] === "number" ? message["timestamp"] : Date.now();
  if (message["type"] === "status-update") {
    const status = statusOf(message["status"]);
    if (status === undefined) return undefined;
    const reason = textOf(message["endedReason"]);
    return {
      call,
      fact: { kind: "status", atMs, providerCallId: id, status, ...(reason && { endedReason: reason }) },
    };
  }
  if (message["type"] === "end-of-call-report")
    return { call, fact: withResults({ kind: "report", atMs, providerCallId: id }, message, call) };
  return undefined;
}

function withResults(fact: Fact, said: Json, call: Json): Fact {
  const analysis = objectOf(said["analysis"]) ?? objectOf(call["analysis"]);
  const artifact = objectOf(said["artifact"]) ?? objectOf(call["artifact"]);
  const cost = said["cost"] ?? call["cost"];
  const evaluation = analysis?.["successEvaluation"];
  return dropUndefined({
    ...fact,
    status: fact.kind === "report" ? "ended" : statusOf(call["status"]),
    endedReason: textOf(said["endedReason"]) ?? textOf(call["endedReason"]),
    // Of the call itself: the message's own falls back to when it was made.
    startedAtMs: timeOf(call["startedAt"]),
    endedAtMs: timeOf(said["endedAt"]) ?? timeOf(call["endedAt"]),
    cost: typeof cost === "number" ? cost : undefined,
    transcript: textOf(artifact?.["transcript"]) ?? textOf(said["transcript"]),
    recordingUrl:
      textOf(artifact?.["recordingUrl"]) ??
      textOf(objectOf(objectOf(artifact?.["recording"])?.["mono"])?.["combinedUrl"]) ??
      textOf(said["recordingUrl"]),
    summary: textOf(analysis?.["summary"]) ?? textOf(said["summary"]),
    success:
      evaluation === undefined || evaluation === null
        ? undefined
        : /^(true|pass|excellent|good)$/i.test(String(evaluation)),
    structured: objectOf(analysis?.["structuredData"]),
  });
}

function dropUndefined(fact: { [Key in keyof Fact]: Fact[Key] | undefined }): Fact {
  return Object.fromEntries(
    Object.entries(fact).filter(([, value]) => value !== undefined),
  ) as unknown as Fact;
}

const statuses = new Set(["scheduled", "queued", "ringing", "in-progress", "forwarding", "ended"]);
const statusOf = (value: unknown): Fact["status"] =>
  statuses.has(String(value)) ? (value as NonNullable<Fact["status"]>) : undefined;

export const objectOf = (value: unknown): Json | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

/** PostgreSQL's text holds no NUL. */
const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value.replaceAll("\0", "").slice(0, 500_000) : undefined;

function timeOf(value: unknown): number | undefined {
  const ms = typeof value === "number" ? value : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) ? ms : undefined;
}
