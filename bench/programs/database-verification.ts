import type { Bench, Program } from "../bench.ts";
import { BenchKeeper } from "../databases/bench-keeper.ts";
import { describeTimes, timed } from "../databases/compare-times.ts";
import { PeerFailedError } from "../errors.ts";
import type { Figure } from "../report/figure.ts";
import { median } from "../statistics.ts";

const goalSizeMb = 1_000;

export const databaseVerification: Program = {
  name: "database-verification",
  title: "Verification of a backup",
  tools: [],
  conditions: `What the keeper does once a week with each database: all rows of the serving one are counted and hashed at an exact position of the WAL, the newest
backup is restored and replayed to there, every page's checksum verified, rows compared, every index and table checked by amcheck, the copy thrown away,
evidence written here and in the archive. The server has the small settings of an app's database.`,

  async run(bench: Bench): Promise<Figure[]> {
    const sizeMb = bench.sizeMb(goalSizeMb);
    const keeper = BenchKeeper.start(bench, bench.makeFolder("verification"));
    const database = await keeper.create("shop");
    await database.fill(bench, sizeMb);
    const samples: number[] = [];
    for (let number = 1; number <= bench.rounds; number++) {
      bench.step(`Verification ${number} of ${bench.rounds}`);
      samples.push(
        await timed(async () => {
          const { evidence } = await keeper.ask({ type: "verify", ...database.name });
          if (evidence![0]!.verdict === "passed") return;
          throw new PeerFailedError(`The verification failed: ${JSON.stringify(evidence![0]!.failures)}`);
        }),
      );
    }
    const seconds = median(samples) / 1_000;
    return [
      {
        ...{ id: "database-verification", what: `verification of a database of ${sizeMb / 1_000} GB` },
        goal: { kind: "limit", most: 8, unit: "s", statistic: "p50" },
        ...{ value: seconds, measured: describeTimes(samples), samples: samples.map((ms) => ms / 1_000) },
      },
    ];
  },
};
