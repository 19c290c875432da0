import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cgroup, CgroupTree, ResourceLimits } from "./cgroup.ts";
import {
  clearGroupFolders,
  groupNames,
  groupProcesses,
  readCounter,
  removeEmptyRoot,
  removeGroupFolder,
} from "./group-folder.ts";

const cpuPeriodUs = 100_000;

/**
 * https://docs.kernel.org/admin-guide/cgroup-v2.html
 *
 * @param root our folder; its controllers must be on.
 */
export function cgroupTreeV2(root: string): CgroupTree {
  return {
    version: 2,
    create: (name) => new CgroupV2(join(root, name)),
    close: () => removeEmptyRoot(root),
    names: () => groupNames(root),
    clear: (names) => clearGroupFolders(root, names),
  };
}

class CgroupV2 implements Cgroup {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  add(pid: number): void {
    writeFileSync(join(this.folder, "cgroup.procs"), String(pid));
  }

  limit({ memoryBytes, cpus, processes }: ResourceLimits): void {
    const write = (file: string, value: string) => writeFileSync(join(this.folder, file), value);
    write("memory.max", String(memoryBytes));
    // Where swap is accounted, it would be a way around the limit.
    if (existsSync(join(this.folder, "memory.swap.max"))) write("memory.swap.max", "0");
    write("cpu.max", `${Math.round(cpus * cpuPeriodUs)} ${cpuPeriodUs}`);
    write("pids.max", String(processes));
  }

  processes(): number[] {
    return groupProcesses(this.folder);
  }

  memoryBytes(): number {
    const usage = Number(readFileSync(join(this.folder, "memory.current"), "utf8"));
    const stat = join(this.folder, "memory.stat");
    return Math.max(0, usage - readCounter(stat, "inactive_file") - readCounter(stat, "active_file"));
  }

  cpuSeconds(): number {
    return readCounter(join(this.folder, "cpu.stat"), "usage_usec") / 1e6;
  }

  outOfMemoryKills(): number {
    return readCounter(join(this.folder, "memory.events"), "oom_kill");
  }

  remove(): Promise<void> {
    return removeGroupFolder(this.folder);
  }
}
