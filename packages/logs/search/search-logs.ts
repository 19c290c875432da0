import { LogQueryInvalidError } from "../errors.ts";
import type { LogLine } from "../line/log-line.ts";
import { LineTest, type LogQuery } from "./log-query.ts";
import { MergedScan, type Positions } from "./merged-scan.ts";

/** A page ends after this even if it is not full; its cursor goes on. */
const usualTimeLimitMs = 2_000;

export interface LogSearch extends LogQuery {
  /** Lines of a page; default 100. */
  limit?: number;
  /** Of the page before. */
  cursor?: string | undefined;
  /** Default 2,000 ms. */
  timeLimitMs?: number;
}

export interface LogPage {
  /** Newest first. */
  lines: LogLine[];
  /** Absent: there is nothing more. */
  cursor?: string;
  /** While there may be more: everything newer than this was looked through. */
  searchedToMs?: number;
}

/**
 * The newest lines of an app that a query wants.
 *
 * @param folder the app's
 * @throws LogQueryInvalidError
 */
export async function searchLogs(folder: string, search: LogSearch, signal?: AbortSignal): Promise<LogPage> {
  const { limit = 100, cursor, timeLimitMs = usualTimeLimitMs, ...query } = search;
  const endsAt = performance.now() + timeLimitMs;
  const positions = cursor === undefined ? {} : readPositions(cursor);
  const scan = await MergedScan.open(folder, new LineTest(query), "back", positions);
  try {
    const lines: LogLine[] = [];
    while (lines.length < limit && !scan.isOver && !signal?.aborted) {
      lines.push(...(await scan.next(limit - lines.length)));
      if (performance.now() > endsAt) break;
    }
    if (scan.isOver) return { lines };
    // Writers that have begun since the first page are not part of this search.
    const next = { ...positions, ...scan.positions };
    return { lines, cursor: writePositions(next), searchedToMs: scan.reachedMs! };
  } finally {
    await scan.close();
  }
}

export const writePositions = (positions: Positions): string =>
  Object.entries(positions)
    .map(([writer, number]) => `${writer}-${number}`)
    .join(".");

/** @throws LogQueryInvalidError */
export function readPositions(text: string): Positions {
  const positions: Positions = {};
  for (const part of text.split(".")) {
    const match = /^([a-z]{1,20})-(\d{1,15})$/.exec(part);
    if (!match)
      throw new LogQueryInvalidError(`The cursor ${JSON.stringify(text.slice(0, 80))} is none of a log`);
    positions[match[1]!] = Number(match[2]);
  }
  return positions;
}
