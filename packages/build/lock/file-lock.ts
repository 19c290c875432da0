import { FFIType } from "bun:ffi";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { openLibc } from "../native/libc.ts";

/**
 * flock(2), because the kernel drops it when its holder dies in whatever way: a lock file with a pid in it would need guesses about
 * dead owners. Node and Bun have no binding of their own for it.
 */
const libc = openLibc({ flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } });

const lockShared = 1;
const lockExclusive = 2;
const lockNonBlocking = 4;
const retryMs = 20;

export interface FileLock {
  unlock(): void;
}

export interface FileLockOptions {
  signal?: AbortSignal;
  /** Called once when somebody else holds it. */
  onWait?: () => void;
  /** Gives up after this many milliseconds; default: never. */
  limitMs?: number;
}

/**
 * Takes the lock `path` for this process, waiting while another holder excludes it. Two calls in one process exclude each other
 * as two processes do.
 *
 * @returns undefined when `limitMs` is over
 */
export async function acquireFileLock(
  path: string,
  kind: "shared" | "exclusive",
  options: FileLockOptions = {},
): Promise<FileLock | undefined> {
  mkdirSync(dirname(path), { recursive: true });
  // "a" creates the file and never truncates it; Bun opens with O_CLOEXEC, so no child inherits the lock.
  const handle = openSync(path, "a", 0o600);
  const operation = (kind === "shared" ? lockShared : lockExclusive) | lockNonBlocking;
  const startedAt = performance.now();
  let waited = false;
  try {
    while (libc.symbols.flock(handle, operation) !== 0) {
      options.signal?.throwIfAborted();
      if (options.limitMs !== undefined && performance.now() - startedAt > options.limitMs) {
        closeSync(handle);
        return undefined;
      }
      if (!waited) options.onWait?.();
      waited = true;
      await Bun.sleep(retryMs);
    }
  } catch (error) {
    closeSync(handle);
    throw error;
  }
  return { unlock: () => closeSync(handle) };
}
