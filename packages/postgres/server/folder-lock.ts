import { dlopen, FFIType } from "bun:ffi";
import { closeSync, openSync } from "node:fs";

const exclusiveNonBlocking = 2 | 4;

const { symbols } = dlopen(process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6", {
  flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
});

/**
 * Runs `work` while no other process, nor another call in this one, holds the lock of `folder`. It is flock(2) on
 * the folder itself: no lock file that could be left behind, and the kernel unlocks when the holder dies.
 */
export async function withFolderLock<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  const handle = openSync(folder, "r");
  try {
    while (symbols.flock(handle, exclusiveNonBlocking) !== 0) await Bun.sleep(10);
    return await work();
  } finally {
    closeSync(handle);
  }
}
