import { readFileSync } from "node:fs";

/** The kernel tells processor time in ticks of this length (USER_HZ), whatever it counts in itself: proc(5). */
const ticksPerSecond = 100;

/** Processor time of a process and of its children that have ended, in seconds; undefined where its system does not say. */
export function processCpuSeconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The command name stands in parentheses and may hold spaces; fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // proc(5): 14 to 17 are utime, stime, cutime, cstime.
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
  } catch {
    return undefined;
  }
}
