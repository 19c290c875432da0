import { rmSync } from "node:fs";
import { join } from "node:path";
import { withSession } from "@evenkeel/postgres/client/session";
import type { Bench, Program } from "../bench.ts";
import { type BenchDatabase, BenchKeeper } from "../databases/bench-keeper.ts";
import { describeTimes, timed, timeInTurns } from "../databases/compare-times.ts";
import { PeerFailedError } from "../errors.ts";
import { mountCloningFileSystem } from "../machine/cloning-file-system.ts";
import type { Figure } from "../report/figure.ts";
import { median } from "../statistics.ts";

const goalSizeMb = 1_000;
const roomy = { sizeBytes: 10 ** 12, totalBytes: 10 ** 12 };

export const databaseBranch: Program = {
  name: "database-branch",
  title: "A branch of a database",
  tools: [],
  conditions: `From the request to the keeper until the branch's own server, at its own address, has answered a query of a connection with the branch's password.
The parent serves. Where the file system cannot share blocks (the one of the machine), the time beyond that of \`cp --recursive --reflink=never\` of the same
data directory, in turn; where it can, all of it, on XFS in a file that is mounted for it.`,

  async run(bench: Bench): Promise<Figure[]> {
    const sizeMb = bench.sizeMb(goalSizeMb);
    const what = `branch of a database of ${sizeMb / 1_000} GB, request to first query`;
    const figures = [await besideCopy(bench, sizeMb, what)];
    const mounted = mountCloningFileSystem(bench, sizeMb * 6e6 + 2e9);
    if (mounted !== undefined) figures.push(await withSharedBlocks(bench, mounted, sizeMb, what));
    return figures;
  },
};

async function besideCopy(bench: Bench, sizeMb: number, what: string): Promise<Figure> {
  const keeper = BenchKeeper.start(bench, bench.makeFolder("branches"));
  const parent = await keeper.create("shop");
  await parent.fill(bench, sizeMb);
  const copy = join(parent.folder, "copy");
  const times = await timeInTurns(bench, "Branches and copies", {
    ours: () => timeBranch(keeper, parent),
    async theirs() {
      const tookMs = await timed(async () => {
        const command = ["cp", "--recursive", "--reflink=never", parent.dataDir, copy];
        if ((await Bun.spawn(command).exited) !== 0) throw new PeerFailedError("The copy failed");
      });
      rmSync(copy, { recursive: true });
      return tookMs;
    },
  });
  const samples = times.ours.map((ms, round) => ms - times.theirs[round]!);
  return {
    ...{ id: "database-branch-copy", what: `${what}: beyond a file copy`, value: median(samples), samples },
    goal: { kind: "limit", most: 500, unit: "ms", statistic: "p50" },
    measured: `${Math.round(median(samples))} ms (${describeTimes(times.ours)}; copy ${describeTimes(times.theirs)})`,
  };
}

async function withSharedBlocks(bench: Bench, folder: string, sizeMb: number, what: string): Promise<Figure> {
  const keeper = BenchKeeper.start(bench, folder);
  const parent = await keeper.create("shop");
  await parent.fill(bench, sizeMb);
  const samples: number[] = [];
  for (let number = 0; number < 2 * bench.rounds; number++) {
    bench.step(`Branches with shared blocks, ${number + 1} of ${2 * bench.rounds}`);
    samples.push(await timeBranch(keeper, parent));
  }
  return {
    ...{ id: "database-branch-shared", what: `${what}: copy-on-write`, value: median(samples), samples },
    goal: { kind: "limit", most: 250, unit: "ms", statistic: "p50" },
    measured: `${Math.round(median(samples))} ms (${describeTimes(samples)})`,
  };
}

/** Makes one, asks it, removes it. */
async function timeBranch(keeper: BenchKeeper, { name }: BenchDatabase): Promise<number> {
  const branch = { app: name.app, branch: "measured" };
  const tookMs = await timed(async () => {
    const parent = { environment: name.environment };
    await keeper.ask({ type: "branch", appId: "shop", ...branch, limits: roomy, parent });
    const { variables } = await keeper.ask({ type: "branchCredentials", ...branch });
    const { rows } = await withSession(variables!["DATABASE_URL"]!, (client) =>
      client.query("SELECT note FROM marks"),
    );
    if (rows[0].note !== "here") throw new PeerFailedError("The branch holds something else");
  });
  await keeper.ask({ type: "removeBranch", ...branch });
  return tookMs;
}
