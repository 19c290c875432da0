import type { ChildProcess, StdioOptions } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { CellFailedError } from "../../errors.ts";
import type { ProcessEnd } from "../cell.ts";
import { processEnd } from "../launcher-link.ts";
import { startTime } from "../process-records.ts";
import type { CellFolder, CellRecord } from "./cell-folder.ts";

export const enterScript = join(import.meta.dir, "service-enter.sh");
const initScript = join(import.meta.dir, "service-init.sh");
const standLimitMs = 30_000;
const lookEveryMs = 100;

/** Heroku runs commands by bash; many Procfiles rely on it. */
export const shell = existsSync("/bin/bash") ? "/bin/bash" : "/bin/sh";

/** Opens the init script as descriptor 5 of what `spawn` starts; 3 says that it stands, 4 takes how the command ended. */
export function withInit(
  output: [stdout: number | "pipe", stderr: number | "pipe"],
  /** Absent: nobody reads how it ended. */
  exit: number | undefined,
  /** Becomes descriptor 6. */
  terminal: number | undefined,
  start: (initArgv: string[], stdio: StdioOptions) => ChildProcess,
): ChildProcess {
  const script = openSync(initScript, "r");
  const nowhere = openSync("/dev/null", "w");
  try {
    const child = start(
      ["/bin/sh", "/proc/self/fd/5"],
      [
        ...["pipe" as const, ...output, "pipe" as const, exit ?? nowhere, script],
        ...(terminal === undefined ? [] : [terminal]),
      ],
    );
    child.stdin?.on("error", () => {});
    return child;
  } finally {
    closeSync(script);
    closeSync(nowhere);
  }
}

/** Resolves when the init waits for its start. @throws CellFailedError */
export async function awaitStanding(child: ChildProcess, ended: Promise<ProcessEnd>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const failed = (why: string) => reject(new CellFailedError(`The cell of a process was not made: ${why}`));
  const says = child.stdio[3] as Readable;
  says.once("data", () => resolve());
  says.on("error", () => {});
  void ended.then(({ exitCode, signal }) => failed(`it ended with ${signal ?? exitCode}`));
  const timer = setTimeout(() => failed(`it did not stand after ${standLimitMs} ms`), standLimitMs);
  await promise.finally(() => clearTimeout(timer));
}

/** How a child of ours ends. */
export function childEnd(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once("exit", (exitCode, signal) => resolve(processEnd(exitCode, signal, true)));
    child.once("error", () => resolve({ exitCode: null, signal: null }));
  });
}

/** How a process ends that an earlier host started: seen by looking. */
export async function endOfProcess(record: CellRecord, folder: CellFolder): Promise<ProcessEnd> {
  while (startTime(record.pid) === record.startedAt) await Bun.sleep(lookEveryMs);
  const exitCode = folder.exitCode();
  return exitCode === null ? { exitCode, signal: "SIGKILL" } : processEnd(exitCode, null, true);
}
