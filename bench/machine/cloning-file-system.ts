import { chmodSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../bench.ts";

/**
 * A file system that shares blocks between copies (XFS), in a file that is mounted for the time of the bench. Undefined, with a note, where this
 * machine has no `mkfs.xfs` or may not mount.
 */
export function mountCloningFileSystem(bench: Bench, sizeBytes: number): string | undefined {
  const folder = bench.makeFolder("xfs");
  const image = join(folder, "image");
  const mounted = join(folder, "mounted");
  writeFileSync(image, "");
  truncateSync(image, sizeBytes);
  mkdirSync(mounted);
  for (const command of [
    ["mkfs.xfs", "-q", "-m", "reflink=1", image],
    ["mount", "-o", "loop", image, mounted],
  ]) {
    const failure = run(command);
    if (failure === undefined) continue;
    bench.note(
      `Not measured with copy-on-write: ${failure}. On Debian: apt-get install xfsprogs, and run as root.`,
    );
    return undefined;
  }
  bench.resources.defer(() => void run(["umount", "--lazy", mounted]));
  chmodSync(mounted, 0o755);
  return mounted;
}

/** @returns why it failed */
function run(command: string[]): string | undefined {
  const path = Bun.which(command[0]!, { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` });
  if (path === null) return `${command[0]} is missing`;
  const { success, stderr } = Bun.spawnSync([path, ...command.slice(1)], { stdout: "ignore" });
  return success ? undefined : `${command[0]} failed: ${stderr.toString().trim()}`;
}
