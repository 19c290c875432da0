import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { RoomLimits } from "./room-limits.ts";

/**
 * When the machine is busy, a build gets as much of it as one other process (v1, where processes without a group of their own weigh
 * 1,024 each), or half as much as one other service (v2). A quarter in v1 starved builds: 25 times slower beside ten busy processes.
 */
const cpuSharesV1 = 1_024;
const cpuWeightV2 = 50;
const cpuPeriodUs = 100_000;
const removalAttempts = 100;

export interface Cgroup {
  /** Files that take a process in when `0` is written by it. */
  enter: string[];
  /** What this machine cannot bound: `memory`, `processes`, `cpu`. */
  missing: string[];
  /** Times that the kernel killed a process for memory. */
  oomKills(): number;
  /** Whether a process could not be started because there were too many. */
  processesRefused(): boolean;
  /** Waits for the last process to be gone. */
  remove(): Promise<void>;
}

interface Controller {
  name: "memory" | "processes" | "cpu";
  folder: string;
}

const prefix = "evenkeel-build-";

/** A cgroup of its own for one build, v2 or v1, as far as this process may make one. */
export function createCgroup(build: string, limits: RoomLimits): Cgroup {
  const name = `${prefix}${process.pid}-${build}`;
  const mounts = readMounts();
  const v2 = mounts.find((mount) => mount.type === "cgroup2");
  const unified = v2 && createV2(name, v2, limits);
  return unified ?? createV1(name, mounts, limits);
}

function createV2(name: string, mount: CgroupMount, limits: RoomLimits): Cgroup | undefined {
  const parent = [ownFolder(mount, ""), mount.point].find((folder) => {
    const available = readText(`${folder}/cgroup.controllers`).split(/\s+/);
    return available.includes("memory") && tryWrite(`${folder}/cgroup.subtree_control`, "+memory +pids +cpu");
  });
  const folder = parent && makeFolder(`${parent}/${name}`);
  if (!folder) return undefined;
  const missing: string[] = [];
  const bound = (what: string, file: string, value: string) => {
    if (!tryWrite(`${folder}/${file}`, value) && !missing.includes(what)) missing.push(what);
  };
  bound("memory", "memory.max", String(limits.memoryBytes));
  // Without swap accounting there is no such file, and nothing to bound.
  tryWrite(`${folder}/memory.swap.max`, "0");
  tryWrite(`${folder}/memory.oom.group`, "1");
  bound("processes", "pids.max", String(limits.processes));
  bound("cpu", "cpu.max", `${Math.floor(limits.cpus * cpuPeriodUs)} ${cpuPeriodUs}`);
  tryWrite(`${folder}/cpu.weight`, String(cpuWeightV2));
  return {
    enter: [`${folder}/cgroup.procs`],
    missing,
    oomKills: () => readCount(`${folder}/memory.events`, "oom_kill"),
    processesRefused: () => readCount(`${folder}/pids.events`, "max") > 0,
    remove: () => removeFolders([folder]),
  };
}

function createV1(name: string, mounts: CgroupMount[], limits: RoomLimits): Cgroup {
  const controllers: Controller[] = [];
  const missing: string[] = [];
  const make = (what: Controller["name"], controller: string, values: Record<string, string>) => {
    const mount = mounts.find(({ type, options }) => type === "cgroup" && options.includes(controller));
    const folder = mount && makeFolder(`${ownFolder(mount, controller)}/${name}`);
    const bounded =
      folder && Object.entries(values).every(([file, value]) => tryWrite(`${folder}/${file}`, value));
    if (folder) controllers.push({ name: what, folder });
    if (!bounded) missing.push(what);
    return folder;
  };
  const memory = make("memory", "memory", { "memory.limit_in_bytes": String(limits.memoryBytes) });
  if (memory) tryWrite(`${memory}/memory.memsw.limit_in_bytes`, String(limits.memoryBytes));
  const processes = make("processes", "pids", { "pids.max": String(limits.processes) });
  const cpu = make("cpu", "cpu", {
    "cpu.cfs_period_us": String(cpuPeriodUs),
    "cpu.cfs_quota_us": String(Math.floor(limits.cpus * cpuPeriodUs)),
  });
  if (cpu) tryWrite(`${cpu}/cpu.shares`, String(cpuSharesV1));
  return {
    enter: controllers.map(({ folder }) => `${folder}/cgroup.procs`),
    missing,
    oomKills: () => (memory ? readCount(`${memory}/memory.oom_control`, "oom_kill") : 0),
    processesRefused: () => (processes ? readCount(`${processes}/pids.events`, "max") > 0 : false),
    remove: () => removeFolders(controllers.map(({ folder }) => folder)),
  };
}

interface CgroupMount {
  type: string;
  point: string;
  /** Part of the hierarchy that is mounted there. */
  root: string;
  options: string[];
}

/** proc(5), /proc/pid/mountinfo: `36 35 98:0 /root /point options … - type source superoptions`. */
function readMounts(): CgroupMount[] {
  return readText("/proc/self/mountinfo")
    .split("\n")
    .flatMap((line) => {
      const fields = line.split(" ");
      const dash = fields.indexOf("-");
      const type = fields[dash + 1];
      if (dash === -1 || (type !== "cgroup" && type !== "cgroup2")) return [];
      return [{ type, root: fields[3]!, point: fields[4]!, options: fields[dash + 3]!.split(",") }];
    });
}

/** Where this process' own cgroup of a hierarchy stands in the file system; limits set on it hold for its builds too. */
function ownFolder(mount: CgroupMount, controller: string): string {
  const line = readText("/proc/self/cgroup")
    .split("\n")
    .find((one) => one.split(":")[1]?.split(",").includes(controller));
  const path = line?.split(":").slice(2).join(":") ?? "/";
  const inside = relative(mount.root, path);
  return inside.startsWith("..") ? mount.point : join(mount.point, inside);
}

function makeFolder(folder: string): string | undefined {
  removeAbandoned(dirname(folder));
  try {
    mkdirSync(folder);
    return folder;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EEXIST" ? folder : undefined;
  }
}

/** Platforms that were killed leave theirs behind; the process in the name tells. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || isRunning(Number(owner))) continue;
    try {
      rmdirSync(`${parent}/${name}`);
    } catch {
      // Its last process is still being buried; the next build comes by again.
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function tryWrite(path: string, value: string): boolean {
  try {
    writeFileSync(path, value);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readCount(path: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)`, "m").exec(readText(path))?.[1] ?? 0);
}

async function removeFolders(folders: string[]): Promise<void> {
  for (const folder of folders) {
    for (let attempt = 0; attempt < removalAttempts && existsSync(folder); attempt++) {
      try {
        rmdirSync(folder);
      } catch {
        // EBUSY while the kernel still buries the last process.
        await Bun.sleep(20);
      }
    }
  }
}
