import { openSync, readFileSync } from "node:fs";
import type { Subprocess } from "bun";
import type { Bench } from "../bench.ts";
import { PeerFailedError } from "../errors.ts";
import { processTree } from "./process-tree.ts";

const graceMs = 5_000;

export interface OwnedProcess {
  pid: number;
  /** @throws PeerFailedError when it has ended */
  requireRunning(): void;
}

/** Starts a program in the foreground; it ends with the bench. */
export function startProcess(
  bench: Bench,
  name: string,
  command: string[],
  options: { cwd?: string; environment?: Record<string, string>; logPath: string },
): OwnedProcess {
  const log = openSync(options.logPath, "a");
  const child = Bun.spawn(command, {
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { ...process.env, ...options.environment },
    stdin: "ignore",
    stdout: log,
    stderr: log,
  });
  bench.resources.defer(() => endTree(child));
  return {
    pid: child.pid,
    requireRunning() {
      if (child.exitCode === null && child.signalCode === null) return;
      const words = readFileSync(options.logPath, "utf8").trim().split("\n").slice(-10).join("\n");
      throw new PeerFailedError(`${name} ended with ${child.signalCode ?? child.exitCode}:\n${words}`);
    },
  };
}

/** SIGTERM to the program; what is left of it and below it after the grace is killed. */
async function endTree(child: Subprocess): Promise<void> {
  const tree = processTree(child.pid).map(({ pid }) => pid);
  child.kill("SIGTERM");
  const timer = setTimeout(() => {
    for (const pid of tree) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Has ended.
      }
    }
  }, graceMs);
  await child.exited;
  clearTimeout(timer);
}
