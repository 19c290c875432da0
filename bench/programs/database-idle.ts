import { readFileSync } from "node:fs";
import { readPostmasterFile } from "@evenkeel/postgres/server/postmaster-file";
import type { Bench, Program } from "../bench.ts";
import { type BenchDatabase, BenchKeeper } from "../databases/bench-keeper.ts";
import { processTree, readMemory } from "../machine/process-tree.ts";
import type { Figure } from "../report/figure.ts";

const many = 20;
/** Whoever was connected has left for longer than autovacuum waits before it rests. */
const settleMs = 150_000;
/** The processor is looked at for so many times a load's length: a minute by default, in which the archive notes once that nothing came. */
const windows = 12;

export const databaseIdle: Program = {
  name: "database-idle",
  title: "Databases to which nobody is connected",
  tools: [],
  conditions: `Databases as apps get them, archived continuously, with nobody connected: all processes of their servers, the one that streams WAL to the keeper among them.
Memory is proportional (pages that several processes share count once); beside them runs one more, as the platform's own does always, which
shares the program's pages and is not counted. CPU time is the kernel's own count in nanoseconds, over a minute.`,

  async run(bench: Bench): Promise<Figure[]> {
    const keeper = BenchKeeper.start(bench, bench.makeFolder("idle"));
    bench.step("Making a database");
    await keeper.create("platform");
    const databases = [await keeper.create("app-1")];
    const one = await watch(bench, databases);
    for (let number = 2; number <= many; number++) {
      bench.step(`Making database ${number} of ${many}`);
      databases.push(await keeper.create(`app-${number}`));
    }
    const all = await watch(bench, databases);
    const memory = (id: string, what: string, most: number, { megabytes, processes }: Watched): Figure => ({
      ...{ id, what, goal: { kind: "limit", most, unit: "MB" }, value: megabytes, samples: [megabytes] },
      measured: `${megabytes.toFixed(1)} MB in ${processes} processes`,
    });
    return [
      memory("database-idle-memory", "one idle database: memory", 16, one),
      {
        ...{
          id: "database-idle-cpu",
          what: "one idle database: CPU",
          goal: { kind: "limit", most: 0.05, unit: "%" },
        },
        ...{
          value: one.share,
          measured: `${one.share.toFixed(4)} % of one core`,
          samples: [one.share, all.share / many],
        },
      },
      memory("database-idle-many", `${many} idle databases: memory`, 130, all),
    ];
  },
};

interface Watched {
  megabytes: number;
  processes: number;
  /** Of one core, in percent. */
  share: number;
}

async function watch(bench: Bench, databases: BenchDatabase[]): Promise<Watched> {
  bench.step(`Letting ${databases.length} settle`);
  await Bun.sleep(settleMs);
  const seconds = windows * bench.seconds;
  bench.step(`Watching ${databases.length} for ${seconds} s`);
  const running = () =>
    databases.flatMap(({ dataDir }) => processTree(readPostmasterFile(dataDir)!.pid).map(({ pid }) => pid));
  const before = cpuNanoseconds(running());
  await Bun.sleep(seconds * 1_000);
  const pids = running();
  const after = cpuNanoseconds(pids);
  const used = [...after].reduce((sum, [pid, spent]) => sum + spent - (before.get(pid) ?? 0), 0);
  const bytes = [...after.keys()].reduce((sum, pid) => sum + readMemory(pid).proportionalBytes, 0);
  return { megabytes: bytes / 1e6, processes: after.size, share: (100 * used) / (seconds * 1e9) };
}

/** proc(5), `schedstat`: time on a processor, by process. One that ends between two looks is not counted. */
function cpuNanoseconds(pids: number[]): Map<number, number> {
  const spent = new Map<number, number>();
  for (const pid of pids) {
    try {
      spent.set(pid, Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[0]));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return spent;
}
