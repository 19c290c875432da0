import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Incident } from "@evenkeel/control";
import type { DatabaseFailover, DatabaseReport } from "@evenkeel/model";
import { childrenOf } from "@evenkeel/postgres/server/process-table";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
  await platform.deploy(platform.copyFixture("database-notes"), "--app", "notes", "--prod");
}, 240_000);
afterAll(() => platform?.stop(), 120_000);

const host = "notes.localhost";
const path = "/api/notes";
const failovers = () => platform.json<DatabaseFailover[]>("db", "failovers", "notes");
const database = async () => (await platform.json<DatabaseReport[]>("db", "list", "notes"))[0]!;
const postmaster = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, "postmaster.pid"), "utf8").split("\n")[0]);

async function notes(): Promise<string[]> {
  const answer = await platform.get(host, path);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text()}`);
  return answer.json() as string[];
}

/** Writes through the app, as its visitors do, until it is ended; the texts that the app said it has. */
function startWriting() {
  const acknowledged: string[] = [];
  let writing = true;
  const done = (async () => {
    for (let number = 0; writing; number++) {
      const text = `note ${number}`;
      const body = JSON.stringify({ text });
      const headers = { "content-type": "application/json" };
      const answer = await platform.ask(host, path, { body, headers }).catch(() => undefined);
      if (answer?.status === 200) acknowledged.push(text);
      else await Bun.sleep(50);
    }
  })();
  return {
    acknowledged,
    async end() {
      writing = false;
      await done;
    },
  };
}

test("an app goes on with its standby when its database hangs, without a deploy and without losing a write", async () => {
  const second = join(platform.home, "second-disk");
  const made = await platform.json<DatabaseReport>(
    "db",
    "standby",
    "add",
    "notes",
    "--sync",
    "--automatic",
    "--path",
    second,
  );
  expect(made).toMatchObject({ standby: { sync: true }, terms: { failoverChecks: 3 }, epoch: 1 });
  expect(made.standby!.folder).toStartWith(second);
  expect(await platform.must("db", "standby", "list")).toMatch(/notes\/production +streaming +yes/);
  expect(await platform.must("db", "list")).toContain("in step, commits wait");
  const first = join(platform.home, "postgres/apps/notes/production/data");
  const writer = startWriting();
  await eventually(
    () => writer.acknowledged.length,
    (count) => count >= 20,
  );
  const pid = postmaster(first);
  for (const each of [pid, ...childrenOf(pid)]) process.kill(each, "SIGSTOP");
  const [failover] = await eventually(failovers, ([newest]) => newest?.state === "done");
  const count = writer.acknowledged.length;
  await eventually(
    () => writer.acknowledged.length,
    (now) => now >= count + 20,
  );
  await writer.end();
  const kept = new Set(await notes());
  expect(writer.acknowledged.filter((text) => !kept.has(text))).toEqual([]);
  expect(failover).toMatchObject({
    trigger: "automatic",
    by: "platform",
    planned: false,
    commitsWaited: true,
  });
  console.log(
    `# fenced, promoted and serving after ${failover!.acceptedMs! - failover!.startedMs} ms, detection before it`,
  );
  // The former one is dead, and whoever starts it by hand gets a server that takes no writes.
  expect(existsSync(join(first, "evenkeel.fenced")) && existsSync(join(first, "standby.signal"))).toBe(true);
  const told = async () =>
    ((await platform.api("GET", "/incidents?app=notes")).json() as { incidents: Incident[] }).incidents;
  await eventually(told, (all) => all.some(({ title }) => title.includes("standby took over")));
  expect((await platform.failing("status")).stdout).toContain("has no standby now");
}, 120_000);

test("failing back brings it to its place, its backups go on, and every moment before stays restorable", async () => {
  const before = await notes();
  const back = await platform.json<DatabaseReport>(
    "db",
    "failback",
    "notes",
    "--reason",
    "the disk is sound",
  );
  expect(back).toMatchObject({ epoch: 3, standby: { state: "streaming", sync: true } });
  expect(back.formerPrimary).toBeUndefined();
  expect(await notes()).toEqual(before);
  const [newest] = await failovers();
  expect(newest).toMatchObject({
    kind: "failback",
    planned: true,
    reason: "the disk is sound",
    lost: { commits: 0 },
  });
  expect(await platform.json<object>("db", "verify", "notes")).toMatchObject({ verdict: "passed" });
  await platform.must("db", "standby", "remove", "notes", "--yes");
  expect((await database()).standby).toBeUndefined();
  const refused = await platform.failing("db", "failover", "notes", "--yes");
  expect(refused.stderr).toContain("no standby that could take over");
}, 120_000);
