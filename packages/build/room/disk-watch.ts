import { statfs } from "node:fs/promises";
import { formatSize } from "@evenkeel/model";
import { folderBytes } from "./folder-bytes.ts";
import type { RoomLimits } from "./room-limits.ts";

const freeSpaceEveryMs = 500;
/** Walking a big `node_modules` takes a while; at most a twentieth of the time goes into it. */
const walkRest = 20;
const walkLeastEveryMs = 1_000;

/** Watches what a build adds to the disk, and what the disk has left; `onFull` is called once with the reason. */
export function watchDisk(
  folders: string[],
  limits: Pick<RoomLimits, "diskBytes" | "diskReserveBytes">,
  onFull: (reason: string) => void,
): { stop(): void } {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const report = (reason: string) => {
    if (stopped) return;
    stopped = true;
    onFull(reason);
  };

  const freeTimer = setInterval(async () => {
    // The folder may be removed between the room's end and the answer.
    const disk = await statfs(folders[0]!).catch(() => undefined);
    if (disk !== undefined && disk.bavail * disk.bsize < limits.diskReserveBytes) {
      report(`the disk has less than ${formatSize(limits.diskReserveBytes)} left`);
    }
  }, freeSpaceEveryMs);

  const total = async () =>
    (await Promise.all(folders.map(folderBytes))).reduce((sum, bytes) => sum + bytes, 0);
  void (async () => {
    const before = await total();
    const walk = async () => {
      const startedAt = performance.now();
      const added = (await total()) - before;
      if (added > limits.diskBytes) report(`it wrote more than its ${formatSize(limits.diskBytes)}`);
      const tookMs = performance.now() - startedAt;
      if (!stopped) timer = setTimeout(walk, Math.max(walkLeastEveryMs, tookMs * walkRest));
    };
    if (!stopped) timer = setTimeout(walk, walkLeastEveryMs);
  })();

  return {
    stop() {
      stopped = true;
      clearInterval(freeTimer);
      clearTimeout(timer);
    },
  };
}
