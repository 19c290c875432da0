import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Which processes this host has started, one small file each, for the host after it: should it be killed, the next one ends what
 * is left. A pid alone proves nothing, since the system gives it again; so the start time stands beside it. Not
 * synced: after a loss of power there are no processes either.
 */
export class ProcessRecords {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  add(pid: number): void {
    const startedAt = startTime(pid);
    if (startedAt !== undefined) writeFileSync(join(this.folder, String(pid)), startedAt);
  }

  remove(pid: number): void {
    rmSync(join(this.folder, String(pid)), { force: true });
  }

  /**
   * Waits up to `lingerMs` for the processes recorded now to end, then kills those that live, with their process groups. Resolves
   * when they are gone.
   */
  async endAll(lingerMs: number): Promise<void> {
    const limitMs = Date.now() + lingerMs;
    const left = readdirSync(this.folder).map((name) => ({
      pid: Number(name),
      startedAt: readFileSync(join(this.folder, name), "utf8"),
    }));
    for (const { pid, startedAt } of left) {
      const lives = () => startTime(pid) === startedAt;
      while (lives() && Date.now() < limitMs) await Bun.sleep(50);
      if (lives()) {
        for (const target of [-pid, pid]) {
          try {
            process.kill(target, "SIGKILL");
          } catch {
            // Gone, or not the leader of a group any more.
          }
        }
        while (lives()) await Bun.sleep(5);
      }
      this.remove(pid);
    }
  }
}

/** Records the process; the returned function forgets it. */
export function recordProcess(records: ProcessRecords, pid: number): () => void {
  records.add(pid);
  return () => records.remove(pid);
}

/** When the process started, as its system says it; undefined for none, and for one that has ended and only waits to be reaped. */
export function startTime(pid: number): string | undefined {
  if (process.platform !== "linux") {
    const listing = Bun.spawnSync(["ps", "-o", "stat=,lstart=", "-p", String(pid)], { stderr: "ignore" });
    const line = listing.stdout.toString().trim();
    return line === "" || line.startsWith("Z") ? undefined : line.slice(line.indexOf(" ")).trim();
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // proc_pid_stat(5): the name in parentheses may hold anything; the state follows it, the start time is the 20th after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
