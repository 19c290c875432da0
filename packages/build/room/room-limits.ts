import { availableParallelism, totalmem } from "node:os";

export interface RoomLimits {
  /** CPU cores; default half of the machine's, at least 1. */
  cpus: number;
  /** Default 4 GiB, at most three quarters of the machine's. */
  memoryBytes: number;
  /** Processes and threads; default 1,024. */
  processes: number;
  /** Default 45 minutes, as at Vercel. */
  wallTimeMs: number;
  /** What the build may add to the disk; default 10 GiB. */
  diskBytes: number;
  /** The build ends when the disk has less than this left, so that it never stops databases from writing; default 512 MiB. */
  diskReserveBytes: number;
}

export function roomLimits(given: Partial<RoomLimits> = {}): RoomLimits {
  return {
    cpus: Math.max(1, availableParallelism() / 2),
    memoryBytes: Math.min(4 * 1024 ** 3, Math.floor((totalmem() * 3) / 4)),
    processes: 1_024,
    wallTimeMs: 45 * 60_000,
    diskBytes: 10 * 1024 ** 3,
    diskReserveBytes: 512 * 1024 ** 2,
    ...given,
  };
}
