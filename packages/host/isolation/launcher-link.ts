import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import type { HostToLauncher, LauncherToHost } from "@evenkeel/model";
import { lineSplitter } from "@evenkeel/wire";
import { CellFailedError } from "../errors.ts";
import type { LauncherLink, ProcessEnd } from "./cell.ts";

/** Longest message of a launcher; an app's import error may carry a long stack. */
const messageLimitBytes = 256 * 1024;
const textLimit = 8_192;
const lastWordsMs = 300;

/**
 * Reads a launcher's message, or undefined where it is none: the app lives in the same process and can write to the descriptor, so
 * nothing is believed beyond its form.
 */
export function readLauncherMessage(line: string): LauncherToHost | { type: "cell" } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { type, pending, error } = value as Record<string, unknown>;
  if (type === "cell" || type === "warm" || type === "ready" || type === "pong") return { type };
  if (type === "background") {
    return typeof pending === "number" && pending >= 0
      ? { type, pending: Math.min(pending, 1e9) }
      : undefined;
  }
  if (type === "span") return readSpan((value as Record<string, unknown>)["span"]);
  if (type !== "failed" || typeof error !== "object" || error === null) return undefined;
  const { code, message, hint } = error as Record<string, unknown>;
  if (typeof code !== "string" || typeof message !== "string") return undefined;
  return {
    type,
    error: {
      code: /^[a-z0-9_]{1,60}$/.test(code) ? code : "function_failed",
      message: message.slice(0, textLimit),
      ...(typeof hint === "string" ? { hint: hint.slice(0, textLimit) } : {}),
    },
  };
}

function readSpan(value: unknown): LauncherToHost | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { traceId, spanId, parentId, name, startMs, durationMs, statusCode, isComplete } = value as Partial<
    Record<string, unknown>
  >;
  const isId = (id: unknown, digits: number): id is string =>
    typeof id === "string" && id.length === digits && /^[0-9a-f]+$/.test(id);
  if (!isId(traceId, 32) || !isId(spanId, 16) || !isId(parentId, 16) || typeof name !== "string")
    return undefined;
  if (typeof startMs !== "number" || typeof durationMs !== "number" || typeof statusCode !== "number")
    return undefined;
  if (!(startMs > 0) || !(durationMs >= 0)) return undefined;
  const span = { traceId, spanId, parentId, name: name.slice(0, 256), startMs, durationMs, statusCode };
  return { type: "span", span: { ...span, isComplete: isComplete === true } };
}

/** Shells say that a signal ended their child by 128 and its number. */
export function processEnd(
  exitCode: number | null,
  signal: NodeJS.Signals | null,
  byShell: boolean,
): ProcessEnd {
  if (!byShell || exitCode === null || exitCode <= 128) return { exitCode, signal };
  const found = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128);
  return found ? { exitCode: null, signal: found[0] as NodeJS.Signals } : { exitCode, signal };
}

export class ChildLauncherLink implements LauncherLink {
  onMessage: (message: LauncherToHost) => void = () => {};
  onCell: () => void = () => {};
  readonly ended: Promise<ProcessEnd>;

  constructor(
    readonly process: ChildProcess,
    byShell: boolean,
  ) {
    const from = process.stdio[4] as Readable;
    const split = lineSplitter((line) => {
      const message = readLauncherMessage(line);
      if (message?.type === "cell") this.onCell();
      else if (message) this.onMessage(message);
    }, messageLimitBytes);
    from.on("data", (chunk: Uint8Array) => {
      try {
        split(chunk);
      } catch {
        // A line without end: this launcher is not heard any more.
        from.destroy();
      }
    });
    from.on("error", () => {});
    (process.stdio[3] as Writable).on("error", () => {});
    this.ended = new Promise((resolve) => {
      process.once("exit", (exitCode, signal) => {
        const end = processEnd(exitCode, signal, byShell);
        // Its last words may still be in the pipes, but a process that it left behind can hold them open for ever.
        const timer = setTimeout(() => resolve(end), lastWordsMs);
        process.once("close", () => {
          clearTimeout(timer);
          resolve(end);
        });
      });
      process.once("error", () => resolve({ exitCode: null, signal: null }));
    });
  }

  send(message: HostToLauncher): void {
    (this.process.stdio[3] as Writable).write(`${JSON.stringify(message)}\n`);
  }

  /** Resolves at `warm`. @throws CellFailedError when the process ends first, or after `limitMs`. */
  async warm(limitMs: number): Promise<void> {
    let stderr = "";
    const collect = (chunk: Uint8Array) => {
      stderr = (stderr + Buffer.from(chunk).toString()).slice(-2_000);
    };
    this.process.stderr?.on("data", collect);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => reject(new CellFailedError(`A launcher was not warm after ${limitMs} ms: ${stderr.trim()}`)),
      limitMs,
    );
    this.onMessage = (message) => {
      if (message.type === "warm") resolve();
      else if (message.type === "failed")
        reject(new CellFailedError(`A launcher failed: ${message.error.message}`));
    };
    void this.ended.then(({ exitCode, signal }) =>
      reject(
        new CellFailedError(
          `A launcher ended while it warmed up (${signal ?? `exit code ${exitCode}`}): ${stderr.trim()}`,
        ),
      ),
    );
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.onMessage = () => {};
      this.process.stderr?.off("data", collect);
    }
  }
}
