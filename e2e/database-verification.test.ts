import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseEvidence } from "@evenkeel/model";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";

interface Process {
  name: string;
  state: string;
  pid: number;
}

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
  await platform.api("PUT", "/apps/notes");
  await platform.must("db", "create", "notes");
  await platform.must("db", "query", "notes", "CREATE TABLE notes AS SELECT generate_series(1, 1000) AS id");
}, 120_000);
afterAll(() => platform?.stop(), 120_000);

const evidence = () => platform.json<DatabaseEvidence[]>("db", "evidence", "notes");

/** `status` fails while a process is away. */
const keeper = async (): Promise<Process> => {
  const { stdout } = await platform.run("status", "--json");
  const { processes } = JSON.parse(stdout) as { processes: Process[] };
  return processes.find((process) => process.name === "databases")!;
};

/** Some object of the archive that every restore needs. */
async function chunk(): Promise<string> {
  const [{ archive }] = (await platform.json<{ archive: string }[]>("db", "list")) as [{ archive: string }];
  const chunks = join(archive, "chunks");
  const names = readdirSync(chunks, { recursive: true }) as string[];
  return join(chunks, names.find((name) => name.includes("/"))!);
}

describe("a verification", () => {
  test("passes when the backup restores to what the database held, and is on record with what it measured", async () => {
    const passed = await platform.json<DatabaseEvidence>("db", "verify", "notes");
    expect(passed).toMatchObject({
      verdict: "passed",
      failures: [],
      tables: 1,
      rows: 1_000,
      trigger: "manual",
    });
    expect(passed.rtoMs).toBeGreaterThan(0);
    expect(passed.rpoMs).toBeGreaterThanOrEqual(0);
    expect(await evidence()).toEqual([passed]);
    expect(await platform.must("db", "list")).not.toContain("not yet");
    await platform.must("db", "verify", "notes", "--every", "1");
    expect(await platform.json<object[]>("db", "list")).toMatchObject([{ verifiedEveryDays: 1 }]);
  }, 120_000);

  test("is no look for damage in the database that serves, which finds none here; and its sizes are told", async () => {
    expect(await platform.json<object>("db", "check", "notes")).toMatchObject({
      verdict: "passed",
      failures: [],
    });
    expect(await platform.must("db", "check", "notes")).toContain(
      "No damage in the database of notes/production",
    );
    const looks = (await evidence()).filter(({ kind }) => kind === "check");
    expect(looks.map(({ verdict }) => verdict)).toEqual(["passed", "passed"]);
    expect(await platform.must("db", "size", "notes")).toMatch(/public\.notes +table/);
  }, 60_000);

  test("fails when an object of the archive is not what was stored, and its row names the object", async () => {
    const path = await chunk();
    const sound = readFileSync(path);
    const damaged = Buffer.from(sound);
    damaged[damaged.length >> 1]! ^= 1;
    writeFileSync(path, damaged);
    const failed = await platform.failing("db", "verify", "notes");
    expect(failed.exitCode).toBe(1);
    const object = path.slice(path.indexOf("chunks/"));
    expect(failed.stdout).toContain(object);
    const [row] = await evidence();
    expect(row).toMatchObject({ verdict: "failed", failures: [{ code: "archive_object_damaged" }] });
    expect(row!.failures[0]!.message).toContain(object);
    expect(await platform.must("db", "evidence", "notes")).toContain(object);
    // Nobody has to look for it.
    for (const command of [["status"], ["doctor"]]) {
      const told = await platform.failing(...command);
      expect(told.stdout).toContain("The verification of the database of notes/production");
    }
    expect(await platform.must("db", "list")).toContain("! The verification of the database");
    writeFileSync(path, sound);
  }, 120_000);

  test("has failed when the keeper was killed amid it, and leaves no throw-away cluster", async () => {
    const scratch = join(platform.home, "postgres/verify");
    const { pid } = await keeper();
    const verifying = platform.failing("db", "verify", "notes", "--json");
    await eventually(
      () => existsSync(scratch) && readdirSync(scratch).length > 0,
      (seen) => seen,
    );
    process.kill(pid, "SIGKILL");
    expect(JSON.parse((await verifying).stdout).error.code).toBe("databases_unreachable");
    await eventually(keeper, (now) => now.state === "running" && now.pid !== pid);
    const [row] = await eventually(
      evidence,
      ([newest]) => newest?.failures[0]?.code === "verification_interrupted",
    );
    expect(row!.verdict).toBe("failed");
    await eventually(
      () => readdirSync(scratch),
      (left) => left.length === 0,
    );
    expect((await platform.json<DatabaseEvidence>("db", "verify", "notes")).verdict).toBe("passed");
    const restores = (await evidence()).filter(({ kind }) => kind === undefined);
    expect(restores.map(({ verdict }) => verdict)).toEqual(["passed", "failed", "failed", "passed"]);
  }, 120_000);
});
