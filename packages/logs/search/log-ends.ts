import { LineTest } from "./log-query.ts";
import { MergedScan, type Positions } from "./merged-scan.ts";

/** Where a log ends now: positions from which on all lines are new. */
export async function logEnds(folder: string): Promise<Positions> {
  const scan = await MergedScan.open(folder, new LineTest({ sinceMs: Number.POSITIVE_INFINITY }), "back");
  await scan.close();
  return scan.ends;
}
