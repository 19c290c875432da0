import { setTimeout as sleep } from "node:timers/promises";
import type { LogLine } from "../line/log-line.ts";
import { LogFollower } from "./log-follower.ts";
import { LineTest, type LogQuery } from "./log-query.ts";
import { MergedScan, type Positions } from "./merged-scan.ts";
import { readPositions } from "./search-logs.ts";

/** New lines are looked for so often: a few stats and no more, and it finds files that come and go, which watching a file does not. */
const lookEveryMs = 200;

export interface LogStreamWish {
  query: LogQuery;
  /** Goes on with lines that come. */
  follow: boolean;
  /** Begins with so many of the newest lines there are; absent: with all that the query wants. */
  newest?: number | undefined;
  /** Instead: goes on after the last line that was received of each writer, `host-120.control-7`. */
  after?: string | undefined;
  signal: AbortSignal;
}

/**
 * Lines of an app, oldest first; then, with `follow`, those that come: none is lost or given twice between what was there and what comes.
 *
 * @throws LogQueryInvalidError
 */
export async function* streamLogs(folder: string, wish: LogStreamWish): AsyncGenerator<LogLine, void, void> {
  const { query, follow, newest, after, signal } = wish;
  const test = new LineTest(query);
  let positions: Positions;
  if (after !== undefined) {
    positions = readPositions(after);
    for (const writer in positions) positions[writer]!++;
  } else if (newest !== undefined) positions = yield* newestLines(folder, test, newest, signal);
  else positions = yield* allLines(folder, test, signal);
  if (!follow && after === undefined) return;
  const follower = new LogFollower(folder, test, positions);
  try {
    while (!signal.aborted) {
      const lines = await follower.read();
      yield* lines;
      if (lines.length > 0) continue;
      if (!follow) return;
      await sleep(lookEveryMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    await follower.close();
  }
}

async function* newestLines(
  folder: string,
  test: LineTest,
  count: number,
  signal: AbortSignal,
): AsyncGenerator<LogLine, Positions, void> {
  const scan = await MergedScan.open(folder, test, "back");
  const { ends } = scan;
  const lines: LogLine[] = [];
  try {
    while (lines.length < count && !scan.isOver && !signal.aborted)
      lines.push(...(await scan.next(count - lines.length)));
  } finally {
    await scan.close();
  }
  yield* lines.reverse();
  return ends;
}

async function* allLines(
  folder: string,
  test: LineTest,
  signal: AbortSignal,
): AsyncGenerator<LogLine, Positions, void> {
  const scan = await MergedScan.open(folder, test, "forward");
  try {
    while (!scan.isOver && !signal.aborted) yield* await scan.next();
    return scan.ends;
  } finally {
    await scan.close();
  }
}
