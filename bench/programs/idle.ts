import type { Bench, Program } from "../bench.ts";
import { readMemory } from "../machine/process-tree.ts";
import { BenchPlatform } from "../platform/bench-platform.ts";
import type { Figure } from "../report/figure.ts";

/** What a start sets off is over by then: the platform's own first backup begins 20 s after it. */
const settleMs = 60_000;
/** The processor is looked at for so many times a load's length: 20 s by default. */
const windows = 4;

export const idle: Program = {
  name: "idle",
  title: "The platform without an app",
  tools: [],
  conditions: `Every process of the platform but PostgreSQL's: guardian, supervisor, control, host, keeper, sandbox, buckets, signals, telemetry
and one edge per core. Without an app no Node process waits for one. Memory is the sum of proportional set sizes (pages shared by several processes count once); the
sum of resident set sizes stands beside it. CPU time of the same processes over 20 s, as a share of one core. Both a minute after the
start, when the platform has taken its own first backup.`,

  async run(bench: Bench): Promise<Figure[]> {
    const platform = await BenchPlatform.start(bench);
    await platform.untilQuiet();
    await Bun.sleep(settleMs);
    const seconds = windows * bench.seconds;
    bench.step(`Watching an idle platform for ${seconds} s`);
    const cpuMs = () => platform.processes().reduce((sum, process) => sum + process.cpuMs, 0);
    const beginMs = performance.now();
    const before = cpuMs();
    await Bun.sleep(seconds * 1_000);
    const share = (100 * (cpuMs() - before)) / (performance.now() - beginMs);

    const memory = platform.processes().map(({ pid }) => readMemory(pid));
    const sumMb = (key: "proportionalBytes" | "residentBytes") =>
      memory.reduce((sum, sample) => sum + sample[key], 0) / 1e6;
    const used = sumMb("proportionalBytes");
    return [
      {
        id: "idle-memory",
        what: "platform idle, no app, without PostgreSQL: memory",
        goal: { kind: "limit", most: 250, unit: "MB" },
        value: used,
        measured: `${Math.round(used)} MB in ${memory.length} processes (RSS ${Math.round(sumMb("residentBytes"))} MB)`,
        samples: memory.map((sample) => sample.proportionalBytes / 1e6),
      },
      {
        id: "idle-cpu",
        what: "platform idle: CPU",
        goal: { kind: "limit", most: 1, unit: "%" },
        value: share,
        measured: `${share.toFixed(2)} % of one core`,
        samples: [share],
      },
    ];
  },
};
