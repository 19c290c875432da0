import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EvenkeelError } from "@evenkeel/model";
import { chunkObject } from "@evenkeel/postgres/backup/backup-manifest";
import { readCatalogue } from "@evenkeel/postgres/restore/restore-cluster";
import { planRestore } from "@evenkeel/postgres/restore/restore-plan";
import { ArchivedCluster } from "@evenkeel/postgres/testing/archived-cluster";
import type { Bench, Program } from "../bench.ts";
import { type Figure, formatCount } from "../report/figure.ts";

const damages = {
  flipped: (content: Buffer) => {
    const damaged = Buffer.from(content);
    damaged[Math.floor(Math.random() * damaged.length)]! ^= 1 << Math.floor(Math.random() * 8);
    return damaged;
  },
  truncated: (content: Buffer) => content.subarray(0, Math.floor(Math.random() * content.length)),
  deleted: () => undefined,
};

export const databaseDamage: Program = {
  name: "database-damage",
  title: "Damaged archives",
  tools: [],
  conditions: `Every object of an archive that a restore to the newest point reads (its identity, position, backup, chunks, complete and partial WAL) is damaged alone: a random bit
flipped, cut at a random length, deleted. The restore has to refuse with an error of its own kind before there is a restored cluster; with all objects
whole it has to succeed.`,

  async run(bench: Bench): Promise<Figure[]> {
    bench.step("Making an archive");
    const cluster = await ArchivedCluster.start();
    bench.resources.defer(() => cluster.stop());
    await cluster.query(
      "CREATE TABLE log AS SELECT g AS id, md5(g::text) AS note FROM generate_series(1, 100000) g",
    );
    await cluster.backup();
    await cluster.query("INSERT INTO log SELECT g, md5(g::text) FROM generate_series(1, 200000) g");
    await cluster.archiver.flush();
    await cluster.archiver.stop();
    const keys = await keysOfRestore(cluster);
    const unnoticed: string[] = [];
    for (const [index, key] of keys.entries()) {
      bench.step(`Object ${index + 1} of ${keys.length}`);
      const path = join(cluster.archive.target.description, key);
      const whole = readFileSync(path);
      for (const [name, damage] of Object.entries(damages)) {
        const content = damage(whole);
        if (content === undefined) rmSync(path);
        else writeFileSync(path, content);
        if (!(await isRefused(cluster))) unnoticed.push(`${key} ${name}`);
      }
      writeFileSync(path, whole);
    }
    for (const words of unnoticed) bench.note(`Not noticed: ${words}`);
    await cluster.restoreAndAsk("latest", "SELECT 1");
    const cases = keys.length * Object.keys(damages).length;
    return [
      {
        ...{ id: "database-damage", what: "damaged objects of an archive that a restore did not notice" },
        goal: { kind: "limit", most: 0, unit: "cases" },
        value: unnoticed.length,
        measured: `${unnoticed.length} of ${formatCount(cases)} (${keys.length} objects)`,
        samples: [unnoticed.length],
      },
    ];
  },
};

async function keysOfRestore({ archive }: ArchivedCluster): Promise<string[]> {
  const { catalogue } = await readCatalogue(archive);
  const { base, wal } = planRestore(catalogue, { kind: "latest" }, { nowMs: Date.now() });
  const walObjects = wal.pieces.flatMap(({ objects }) => objects.map(({ name }) => name));
  return ["identity", "position", `backups/${base.id}`, ...walObjects, ...base.chunks.map(chunkObject)];
}

async function isRefused(cluster: ArchivedCluster): Promise<boolean> {
  try {
    const { dataDir } = await cluster.restore("latest");
    rmSync(dataDir, { recursive: true });
    return false;
  } catch (error) {
    return error instanceof EvenkeelError && !existsSync(join(cluster.folder, "restored"));
  }
}
