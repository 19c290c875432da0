import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppCluster } from "../app-cluster/app-cluster.ts";
import { ArchiveKey } from "../archive/archive-key.ts";
import { openSealedFile } from "../archive/sealed-file.ts";
import { type DatabaseAddress, parseDatabaseUrl } from "../client/database-address.ts";
import { unsafeSettings } from "../server/server-settings.ts";
import { freePort } from "../testing/free-port.ts";
import { dumpDatabase } from "./logical-dump.ts";

const limitMs = 60_000;
const key = ArchiveKey.generate();
let folder: string;
let cluster: AppCluster;
let address: DatabaseAddress;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ek-dump-"));
  Bun.spawnSync(["chmod", "711", folder]);
  cluster = new AppCluster({
    ...{
      name: "dumped",
      dataDir: join(folder, "data"),
      socketDir: join(folder, "s"),
      password: "secret-word",
    },
    ...{ port: freePort(), settings: unsafeSettings },
  });
  await cluster.start();
  address = parseDatabaseUrl(cluster.environment()["DATABASE_URL"]!, "DATABASE_URL");
}, limitMs);
afterAll(async () => {
  await cluster?.stop("immediate");
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

const own = Number(
  /(\d+)/.exec(Bun.spawnSync(["sh", "-c", "pg_dump --version"]).stdout.toString())?.[1] ?? 0,
);

test("a database is dumped for nobody else to read, or it is said why not, and nothing half is left", async () => {
  const path = join(folder, "dumps/one.dump");
  const outcome = await dumpDatabase(address, path, key);
  if (own < 18) {
    expect(outcome).toMatchObject({ taken: false, reason: expect.stringContaining("pg_dump") });
    expect(existsSync(path)).toBe(false);
    return;
  }
  expect(outcome).toMatchObject({ taken: true, path });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, "dumps"))).toEqual(["one.dump"]);
  // The custom format begins so.
  expect(Buffer.concat([...openSealedFile(key, path)]).toString("latin1", 0, 5)).toBe("PGDMP");
});

test.if(own >= 18)("a dump that fails is an error, without the password in it", async () => {
  const refused = dumpDatabase({ ...address, database: "missing" }, join(folder, "dumps/two.dump"), key);
  await expect(refused).rejects.not.toThrow("secret-word");
  expect(existsSync(join(folder, "dumps/two.dump.unfinished"))).toBe(false);
});
