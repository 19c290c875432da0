import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

/** Inside the data directory, where only the cluster's account reads: statements in it may hold personal data. */
export const serverLogPath = (dataDir: string): string => join(dataDir, "server.log");

/** The last messages written after byte `from`, in one line and without their times. */
export function lastLogLines(dataDir: string, from: number, count = 4): string {
  const file = openSync(serverLogPath(dataDir), "r");
  try {
    const size = fstatSync(file).size;
    const start = Math.max(from, size - 4_096);
    const tail = Buffer.alloc(Math.max(0, size - start));
    readSync(file, tail, 0, tail.length, start);
    const lines = tail.toString("utf8").trim().split("\n").slice(-count);
    return lines.map((line) => line.replace(/^\S+ \S+ UTC \[\d+\] /, "")).join(" ") || "no message";
  } finally {
    closeSync(file);
  }
}
