import { formatDuration } from "@evenkeel/model";
import type { EdgeProbe } from "../edges/edge-probe.ts";
import { EdgeUnreachableError } from "../errors.ts";

/** What a path has to answer, seen from outside. */
export interface Expectation {
  path: string;
  method: "GET" | "HEAD";
  /** Both included. */
  status: { least: number; most: number };
  /** A part of the text, or a JSON object whose members the answer's has. */
  contains?: string | undefined;
  timeoutMs: number;
}

export interface Expected {
  latencyMs: number;
  /** Completes "GET /path …"; absent: it is as expected. */
  fault?: string;
}

/** Asks once, over a connection of its own. */
export async function expectAnswer(
  edge: EdgeProbe,
  host: string,
  { path, method, status: { least, most }, contains, timeoutMs }: Expectation,
  signal?: AbortSignal,
): Promise<Expected> {
  const startedAtMs = performance.now();
  const latency = () => performance.now() - startedAtMs;
  try {
    const { status, body } = await edge.read(host, { path, method }, timeoutMs, signal);
    const latencyMs = latency();
    if (status < least || status > most) {
      const wanted = least === most ? `${least}` : `${least} to ${most}`;
      return { latencyMs, fault: `answered ${status} instead of ${wanted}` };
    }
    if (contains !== undefined && !holds(body, contains))
      return { latencyMs, fault: `did not answer ${JSON.stringify(contains.slice(0, 200))}` };
    return { latencyMs };
  } catch (error) {
    if (!(error instanceof EdgeUnreachableError)) throw error;
    const latencyMs = latency();
    const isLate = latencyMs >= timeoutMs - 5;
    return {
      latencyMs,
      fault: isLate ? `took longer than ${formatDuration(timeoutMs)}` : "was not answered",
    };
  }
}

function holds(body: string, wanted: string): boolean {
  if (body.includes(wanted)) return true;
  const expected = parseObject(wanted);
  return expected !== undefined && isPartOf(expected, parseObject(body));
}

function parseObject(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isPartOf(part: unknown, whole: unknown): boolean {
  if (typeof part !== "object" || part === null) return Object.is(part, whole);
  if (typeof whole !== "object" || whole === null) return false;
  return Object.entries(part).every(([name, value]) =>
    isPartOf(value, (whole as Record<string, unknown>)[name]),
  );
}
