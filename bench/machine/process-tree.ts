import { readdirSync, readFileSync } from "node:fs";

/** `getconf CLK_TCK`; Linux shows this many ticks a second to programs on every architecture. */
const ticksPerSecond = 100;

export interface ProcessSample {
  pid: number;
  parent: number;
  /** Short name: `bun`, `postgres`. */
  name: string;
  /** Of its own since it began, and of children it has waited for. */
  cpuMs: number;
}

/** All processes of the machine (proc(5), `stat`). */
export function listProcesses(): ProcessSample[] {
  const found: ProcessSample[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      found.push(parseStat(readFileSync(`/proc/${entry}/stat`, "latin1")));
    } catch {
      // Ended between the two looks.
    }
  }
  return found;
}

/** The name stands in parentheses and may hold anything, parentheses too. */
export function parseStat(stat: string): ProcessSample {
  const close = stat.lastIndexOf(")");
  const open = stat.indexOf("(");
  const fields = stat.slice(close + 2).split(" ");
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
  return {
    pid: Number(stat.slice(0, open)),
    parent: Number(fields[1]),
    name: stat.slice(open + 1, close),
    cpuMs: (ticks * 1_000) / ticksPerSecond,
  };
}

/** A process and everything below it, without those (and what is below them) that `leaveOut` picks. */
export function processTree(
  root: number,
  processes: ProcessSample[] = listProcesses(),
  leaveOut: (process: ProcessSample) => boolean = () => false,
): ProcessSample[] {
  const children = Map.groupBy(processes, ({ parent }) => parent);
  const tree: ProcessSample[] = [];
  const visit = (process: ProcessSample) => {
    if (leaveOut(process)) return;
    tree.push(process);
    for (const child of children.get(process.pid) ?? []) visit(child);
  };
  const top = processes.find(({ pid }) => pid === root);
  if (top) visit(top);
  return tree;
}

export interface MemorySample {
  /** What is in memory of it; pages that several processes share count in each. */
  residentBytes: number;
  /** The same, with shared pages divided among their users: these add up to what is really used. */
  proportionalBytes: number;
}

/** proc(5), `smaps_rollup`. A process that has just ended uses nothing. */
export function readMemory(pid: number): MemorySample {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
    const bytes = (field: string) =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
    return { residentBytes: bytes("Rss"), proportionalBytes: bytes("Pss") };
  } catch {
    return { residentBytes: 0, proportionalBytes: 0 };
  }
}
