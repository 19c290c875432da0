import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

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
