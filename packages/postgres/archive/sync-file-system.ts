import { dlopen, FFIType } from "bun:ffi";
import { closeSync, openSync } from "node:fs";

/**
 * Returns when everything written to the file system of `folder` is on disk: one wait for thousands of chunks, where an
 * fsync for each took most of a backup's time. macOS has only the call for all file systems.
 */
export function syncFileSystem(folder: string): void {
  if (process.platform === "darwin") {
    dlopen("libSystem.B.dylib", { sync: { args: [], returns: FFIType.void } }).symbols.sync();
    return;
  }
  const { symbols } = dlopen("libc.so.6", { syncfs: { args: [FFIType.i32], returns: FFIType.i32 } });
  const handle = openSync(folder, "r");
  try {
    if (symbols.syncfs(handle) !== 0)
      throw new Error(`syncfs of ${folder} failed: an earlier write may be lost`);
  } finally {
    closeSync(handle);
  }
}
