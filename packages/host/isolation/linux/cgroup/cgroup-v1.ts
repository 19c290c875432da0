import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processCpuSeconds } from "../../cpu-seconds.ts";
import type { Cgroup, CgroupTree, ResourceLimits } from "./cgroup.ts";
import {
  clearGroupFolders,
  groupNames,
  groupProcesses,
  readCounter,
  removeEmptyRoot,
  removeGroupFolder,
} from "./group-folder.ts";

/** Length of a CPU quota's period: long enough that a start is rarely stopped in the middle. */
const cpuPeriodUs = 100_000;

/**
 * https://docs.kernel.org/admin-guide/cgroup-v1/: one tree a controller.
 *
 * @param roots our folder in each controller's tree.
 */
export function cgroupTreeV1(roots: { memory: string; cpu: string; pids: string }): CgroupTree {
  return {
    version: 1,
    create: (name) =>
      new CgroupV1({
        memory: join(roots.memory, name),
        cpu: join(roots.cpu, name),
        pids: join(roots.pids, name),
      }),
    close: () => Object.values(roots).forEach(removeEmptyRoot),
    names: () => [...new Set(Object.values(roots).flatMap(groupNames))],
    async clear(names) {
      // A process is in all three; the first round ends it, the others remove.
      for (const root of Object.values(roots)) await clearGroupFolders(root, names);
    },
  };
}

class CgroupV1 implements Cgroup {
  constructor(private readonly folders: { memory: string; cpu: string; pids: string }) {
    for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  }

  add(pid: number): void {
    for (const folder of Object.values(this.folders))
      writeFileSync(join(folder, "cgroup.procs"), String(pid));
  }

  limit({ memoryBytes, cpus, processes }: ResourceLimits): void {
    const { memory, cpu, pids } = this.folders;
    writeFileSync(join(memory, "memory.limit_in_bytes"), String(memoryBytes));
    writeFileSync(join(cpu, "cpu.cfs_period_us"), String(cpuPeriodUs));
    writeFileSync(join(cpu, "cpu.cfs_quota_us"), String(Math.round(cpus * cpuPeriodUs)));
    writeFileSync(join(pids, "pids.max"), String(processes));
  }

  processes(): number[] {
    return groupProcesses(this.folders.memory);
  }

  memoryBytes(): number {
    const usage = Number(readFileSync(join(this.folders.memory, "memory.usage_in_bytes"), "utf8"));
    const stat = join(this.folders.memory, "memory.stat");
    const files = readCounter(stat, "total_inactive_file") + readCounter(stat, "total_active_file");
    return Math.max(0, usage - files);
  }

  cpuSeconds(): number | undefined {
    try {
      // In nanoseconds, where `cpuacct` is mounted together with `cpu`, as systemd does.
      return Number(readFileSync(join(this.folders.cpu, "cpuacct.usage"), "utf8")) / 1e9;
    } catch {
      return this.processes().reduce((sum, pid) => sum + (processCpuSeconds(pid) ?? 0), 0);
    }
  }

  outOfMemoryKills(): number {
    return readCounter(join(this.folders.memory, "memory.oom_control"), "oom_kill");
  }

  async remove(): Promise<void> {
    for (const folder of Object.values(this.folders)) await removeGroupFolder(folder);
  }
}
