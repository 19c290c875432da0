import fs from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { writeLineMark } from "@evenkeel/logs/intake/line-mark";
import { currentRequestId } from "./request/request-context.ts";

const streams = [process.stdout, process.stderr];
const pollMs = 5;

/** Without a host nobody reads what the app prints; the broken pipe must not end it. */
export function outliveReader(): void {
  for (const stream of streams) stream.on("error", () => {});
}

/** Resolves when what the app printed has left the process, or after `limitMs`: an exit would lose the rest. */
export async function outputWritten(limitMs: number): Promise<void> {
  const end = Date.now() + limitMs;
  while (streams.some((stream) => stream.writable && stream.writableLength > 0) && Date.now() < end) {
    await sleep(pollMs);
  }
}

type Level = "trace" | "debug" | "warn" | "";

/** Of the method of `console` that is printing; it does so before it returns. */
let level: Level = "";
const isWithinLine = [false, false];

/**
 * Puts a mark before each line that the app prints: of which request it is, and how severe its method of `console` makes it. Loggers that
 * write to the file descriptor themselves (pino) are marked too.
 */
export function markLines(): void {
  for (const [place, stream] of streams.entries()) {
    const write = stream.write as (this: unknown, chunk: unknown, ...rest: unknown[]) => boolean;
    stream.write = function (this: unknown, chunk: unknown, ...rest: unknown[]) {
      return write.call(this, marked(place, chunk), ...rest);
    } as typeof stream.write;
  }
  const writeSync = fs.writeSync as (...values: unknown[]) => number;
  fs.writeSync = ((file: number, data: unknown, ...rest: unknown[]) => {
    if ((file !== 1 && file !== 2) || typeof data !== "string") return writeSync(file, data, ...rest);
    const given = Buffer.byteLength(data);
    const line = marked(file - 1, data) as string;
    const written = writeSync(file, line, ...rest);
    // Who asks how much was written counts his own bytes.
    return Math.max(0, Math.min(given, written - (Buffer.byteLength(line) - given)));
  }) as typeof fs.writeSync;
  for (const [method, own] of [
    ["debug", "debug"],
    ["warn", "warn"],
    ["trace", "trace"],
  ] as const) {
    const print = console[method];
    console[method] = (...values: unknown[]) => {
      level = own;
      try {
        print.apply(console, values);
      } finally {
        level = "";
      }
    };
  }
}

function marked(place: number, chunk: unknown): unknown {
  if (typeof chunk !== "string" || chunk === "") return chunk;
  const requestId = currentRequestId();
  const begins = !isWithinLine[place];
  isWithinLine[place] = !chunk.endsWith("\n");
  if (requestId === "" && level === "") return chunk;
  const mark = writeLineMark(requestId, level);
  const body = isWithinLine[place] ? chunk : chunk.slice(0, -1);
  const lines = body.includes("\n") ? body.replaceAll("\n", `\n${mark}`) : body;
  return `${begins ? mark : ""}${lines}${isWithinLine[place] ? "" : "\n"}`;
}
