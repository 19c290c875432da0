import { readFileSync } from "node:fs";

/** A process, told apart from a later one that got the same pid by when it started. */
export interface ProcessIdentity {
  pid: number;
  /** Opaque; equal for the same process only. */
  startedAt: string;
}

/** The identity of a live process, `undefined` when there is none or it is a zombie. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  if (process.platform === "linux") {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      // The command name stands in parentheses and may hold spaces; fields are counted after it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      // proc(5): field 3 is the state, field 22 the start time in clock ticks since boot.
      if (fields[0] === "Z" || fields[0] === "X") return undefined;
      return { pid, startedAt: `${bootId()}:${fields[19]}` };
    } catch {
      return undefined;
    }
  }
  const listing = Bun.spawnSync(["ps", "-o", "stat=,lstart=", "-p", String(pid)], { stderr: "ignore" });
  const line = listing.stdout.toString().trim();
  if (line === "" || line.startsWith("Z")) return undefined;
  return { pid, startedAt: line.slice(line.indexOf(" ") + 1).trim() };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startedAt === identity.startedAt;
}

let boot: string | undefined;
function bootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim().slice(0, 8);
  return boot;
}
