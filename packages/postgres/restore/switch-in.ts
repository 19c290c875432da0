import { dlopen, FFIType, ptr } from "bun:ffi";
import { existsSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "@evenkeel/disk";
import { DataDirectoryInvalidError } from "../errors.ts";
import { replacedMark } from "../server/data-directory.ts";

/**
 * Puts a restored data directory in the place of the current one, which is kept. At each moment one of the two is in the
 * place: the folders are exchanged in one step, then the old one gets its new name.
 *
 * @param current and `restored` lie in one folder; the servers of both are stopped.
 * @returns where the old one is: `<current>.replaced-<time>`.
 */
export function switchIn(current: string, restored: string, now = new Date()): string {
  for (const folder of [current, restored]) {
    if (existsSync(`${folder}/postmaster.pid`)) {
      throw new DataDirectoryInvalidError(`A server runs in ${folder}`, {
        hint: "Stop it before the switch.",
      });
    }
  }
  const kept = `${current}${replacedMark}${now.toISOString().replaceAll(/[-:]|\..*/g, "")}`;
  if (exchange(current, restored)) {
    renameSync(restored, kept);
  } else {
    renameSync(current, kept);
    renameSync(restored, current);
  }
  syncFolder(dirname(current));
  return kept;
}

/** renameat2(2) with RENAME_EXCHANGE, renamex_np(2) on macOS. False where the file system has no such thing. */
function exchange(a: string, b: string): boolean {
  const [first, second] = [a, b].map((path) => Buffer.from(`${path}\0`)) as [Buffer, Buffer];
  if (process.platform === "darwin") {
    const { symbols } = dlopen("libSystem.B.dylib", {
      renamex_np: { args: [FFIType.ptr, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    });
    return symbols.renamex_np(ptr(first), ptr(second), 2) === 0;
  }
  const here = -100;
  const { symbols } = dlopen("libc.so.6", {
    renameat2: {
      args: [FFIType.i32, FFIType.ptr, FFIType.i32, FFIType.ptr, FFIType.u32],
      returns: FFIType.i32,
    },
  });
  return symbols.renameat2(here, ptr(first), here, ptr(second), 2) === 0;
}
