import { LoadFailedError } from "../errors.ts";

export interface WrkReport {
  requests: number;
  requestsPerSecond: number;
  /** Milliseconds; with `--latency`. */
  latencyMs: { p50: number; p99: number };
  /** Connections that could not be made, broke, or timed out. */
  socketErrors: number;
  /** Answers with a status of 400 or more; wrk follows nothing, so 3xx count as answers. */
  statusErrors: number;
}

const unitMs: Record<string, number> = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Reads what `wrk --latency` (4.1) prints.
 *
 * @throws LoadFailedError when it is no such report
 */
export function parseWrkReport(text: string): WrkReport {
  const total = /^\s*(\d+) requests in /m.exec(text);
  const rate = /^Requests\/sec:\s+([\d.]+)/m.exec(text);
  if (!total || !rate) throw new LoadFailedError(`wrk printed no report: ${text.trim().slice(0, 500)}`);
  const sockets = /^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/m.exec(text);
  const statuses = /^\s*Non-2xx or 3xx responses: (\d+)/m.exec(text);
  return {
    requests: Number(total[1]),
    requestsPerSecond: Number(rate[1]),
    latencyMs: { p50: latency(text, 50), p99: latency(text, 99) },
    socketErrors: sockets ? sockets.slice(1).reduce((sum, count) => sum + Number(count), 0) : 0,
    statusErrors: Number(statuses?.[1] ?? 0),
  };
}

function latency(text: string, percent: number): number {
  const found = new RegExp(`^\\s*${percent}%\\s+([\\d.]+)(us|ms|s|m|h)\\s*$`, "m").exec(text);
  return found ? Number(found[1]) * unitMs[found[2]!]! : Number.NaN;
}
