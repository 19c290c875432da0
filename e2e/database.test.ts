import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { processRuns } from "@evenkeel/postgres/server/process-table";
import { eventually } from "./harness/http.ts";
import { type Deployed, TestPlatform } from "./harness/platform.ts";

interface Listed {
  app: string;
  environment: string;
  state: string;
  archive: string;
}

interface Process {
  name: string;
  state: string;
  pid: number;
}

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
}, 120_000);
afterAll(() => platform?.stop(), 120_000);

const host = "notes.localhost";
const path = "/api/notes";
const databases = () => platform.json<Listed[]>("db", "list");
const serverPid = () =>
  Number(
    readFileSync(join(platform.home, "postgres/apps/notes/production/data/postmaster.pid"), "utf8").split(
      "\n",
    )[0],
  );

async function notes(): Promise<string[]> {
  const answer = await platform.get(host, path);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text()}`);
  return answer.json() as string[];
}

/** Undefined where it was not taken: while the database is away the app says 500. */
async function write(text: string): Promise<string | undefined> {
  const body = JSON.stringify({ text });
  const answer = await platform.ask(host, path, { body, headers: { "content-type": "application/json" } });
  return answer.status === 200 ? text : undefined;
}

/** Seconds and fractions by the database's own clock. */
async function databaseTime(): Promise<string> {
  const { rows } = await platform.json<{ rows: { now: string }[] }>(
    "db",
    "query",
    "notes",
    "SELECT clock_timestamp()::text AS now",
  );
  return rows[0]!.now;
}

/** `status` fails while a process is away. */
const keeper = async (): Promise<Process> => {
  const { stdout } = await platform.run("status", "--json");
  const { processes } = JSON.parse(stdout) as { processes: Process[] };
  return processes.find((process) => process.name === "databases")!;
};

describe("the database of an app", () => {
  let deployed: Deployed;

  test("is made for a source that depends on a driver, and found by DATABASE_URL", async () => {
    deployed = await platform.deploy(platform.copyFixture("database-notes"), "--app", "notes", "--prod");
    const log = await platform.must("logs", "notes", "--build", deployed.id);
    expect(log).toContain("Making a database for production: it depends on pg");
    expect(await databases()).toMatchObject([{ app: "notes", environment: "production", state: "running" }]);
    expect(await write("one")).toBe("one");
    expect(await write("two")).toBe("two");
    expect(await notes()).toEqual(["one", "two"]);
  }, 240_000);

  test("comes back to the moment before rows were deleted, under the running app", async () => {
    const before = await databaseTime();
    await platform.ask(host, path, { method: "DELETE" });
    expect(await notes()).toEqual([]);
    const refused = await platform.failing("db", "restore", "notes", "--to", before);
    expect(refused.exitCode).toBe(2);
    const { replaced } = await platform.json<{ replaced: string }>(
      ...["db", "restore", "notes", "--to", before, "--yes"],
    );
    expect(existsSync(replaced)).toBe(true);
    await eventually(
      () => notes().catch(() => []),
      (seen) => seen.length === 2,
    );
    expect(await notes()).toEqual(["one", "two"]);
  }, 180_000);

  test("serves on while its keeper is killed, and comes back when it is killed itself; no acknowledged row is lost", async () => {
    const acknowledged: string[] = [];
    let loading = true;
    const load = (async () => {
      for (let number = 1; loading; number++) {
        const text = await write(`load ${number}`).catch(() => undefined);
        if (text !== undefined) acknowledged.push(text);
      }
    })();
    try {
      const more = (count: number) =>
        eventually(
          () => acknowledged.length,
          (seen) => seen >= count,
        );
      await more(5);
      const { pid } = await keeper();
      const server = serverPid();
      process.kill(pid, "SIGKILL");
      await eventually(keeper, (now) => now.state === "running" && now.pid !== pid);
      await more(acknowledged.length + 5);
      // It was not started again, but adopted.
      await eventually(databases, ([database]) => database?.state === "running");
      expect(serverPid()).toBe(server);
      process.kill(server, "SIGKILL");
      await eventually(
        () => {
          try {
            return serverPid();
          } catch {
            return server;
          }
        },
        (now) => now !== server,
      );
      await more(acknowledged.length + 5);
    } finally {
      loading = false;
      await load;
    }
    expect(await notes()).toEqual(expect.arrayContaining(acknowledged));
  }, 180_000);

  test("stops with the platform and has its rows afterwards", async () => {
    const before = await notes();
    const pid = serverPid();
    await platform.must("down");
    expect(processRuns(pid)).toBe(false);
    await platform.must("up", "--detach", "--port", String(platform.port));
    await eventually(
      () => notes().catch(() => []),
      (seen) => seen.length === before.length,
    );
    expect(await notes()).toEqual(before);
  }, 180_000);

  test("goes with its app, after a last backup", async () => {
    const pid = serverPid();
    const [{ archive }] = (await databases()) as [Listed];
    expect((await platform.must("remove", "notes", "--yes")).trim()).toEndWith(archive);
    expect(await databases()).toEqual([]);
    expect(processRuns(pid)).toBe(false);
    expect(existsSync(join(platform.home, "postgres/apps/notes/production"))).toBe(false);
    expect(readdirSync(join(archive, "backups")).length).toBeGreaterThan(1);
  }, 180_000);
});
