import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./harness/http.ts";
import { type Deployed, repository, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

interface Listed {
  branch: string;
  purpose: string;
  state: string;
  scrubbed: boolean;
}

interface Process {
  name: string;
  state: string;
  pid: number;
}

let platform: TestPlatform;
let source: string;
beforeAll(async () => {
  platform = await TestPlatform.start();
  source = await notesApp(platform.sourceFolder("notes"));
  await platform.api("PUT", "/apps/notes");
  await platform.must("db", "create", "notes");
  await platform.deploy(source, "--prebuilt", "--app", "notes", "--prod");
}, 120_000);
afterAll(() => platform?.stop(), 120_000);

/** The fixture with its driver in one file, so that a deployment takes no build. */
async function notesApp(folder: string): Promise<string> {
  const bundle = await Bun.build({
    entrypoints: [join(repository, "e2e/fixtures/database-notes/api/notes.js")],
    target: "node",
    format: "cjs",
    external: ["pg-native"],
  });
  return writePrebuilt(folder, { functions: { index: await bundle.outputs[0]!.text() } });
}

const production = "notes.localhost";
const preview = "notes-git-feature-x.localhost";

async function notes(host: string): Promise<string[]> {
  const answer = await platform.get(host, "/");
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text()}`);
  return answer.json() as string[];
}

async function write(host: string, text: string): Promise<void> {
  const body = JSON.stringify({ text });
  const answer = await platform.ask(host, "/", { body, headers: { "content-type": "application/json" } });
  expect(answer.status).toBe(200);
}

const deployPreview = (branch: string): Promise<Deployed> =>
  platform.deploy(source, "--prebuilt", "--app", "notes", "--branch", branch);
const branches = () => platform.json<Listed[]>("db", "branches", "notes");
const named = async (name: string) => (await branches()).find(({ branch }) => branch === name);
const folderOf = (branch: string) => join(platform.home, "postgres/branches/notes", branch);

async function scrub(sql: string | undefined): Promise<void> {
  const file = join(platform.folder, "scrub.sql");
  writeFileSync(file, sql ?? "");
  await platform.must(
    "db",
    "branch-settings",
    "notes",
    ...(sql === undefined ? ["--no-scrub"] : ["--scrub", file]),
  );
}

/** `status` fails while a process is away. */
const keeper = async (): Promise<Process> => {
  const { stdout } = await platform.run("status", "--json");
  const { processes } = JSON.parse(stdout) as { processes: Process[] };
  return processes.find((process) => process.name === "databases")!;
};

describe("the database of a preview", () => {
  test("is a copy of production's, and production never changes by what the preview does", async () => {
    await write(production, "one");
    await write(production, "two");
    await deployPreview("feature/x");
    expect(await notes(preview)).toEqual(["one", "two"]);
    await write(preview, "from the preview");
    await platform.ask(preview, "/", { method: "DELETE" });
    await write(preview, "after all");
    expect(await notes(preview)).toEqual(["after all"]);
    expect(await notes(production)).toEqual(["one", "two"]);
    expect(await branches()).toMatchObject([{ branch: "feature-x", purpose: "preview", state: "running" }]);
  }, 120_000);

  test("stays the same for the next deployment of its branch, and is another's for a preview without one", async () => {
    await deployPreview("feature/x");
    expect(await notes(preview)).toEqual(["after all"]);
    const alone = await platform.deploy(source, "--prebuilt", "--app", "notes");
    expect(await notes(alone.host)).toEqual(["one", "two"]);
    expect((await named(alone.id))?.purpose).toBe("preview");
    await platform.must("remove", "notes", "--deployment", alone.id, "--yes");
    expect(await named(alone.id)).toBeUndefined();
    expect(existsSync(folderOf(alone.id))).toBe(false);
  }, 120_000);

  test("has no personal data where scrubbing is on, and no deployment goes live on a copy that could not be scrubbed", async () => {
    await scrub("UPDATE notes SET text = 'note ' || id");
    await deployPreview("clean");
    expect(await notes("notes-git-clean.localhost")).toEqual(["note 1", "note 2"]);
    expect((await named("clean"))?.scrubbed).toBe(true);
    await scrub("UPDATE no_such_table SET text = ''");
    const failed = await platform.failing(
      ...["deploy", source, "--prebuilt", "--app", "notes", "--branch", "dirty", "--json"],
    );
    expect(JSON.parse(failed.stdout).error.message).toContain("no_such_table");
    expect(await named("dirty")).toBeUndefined();
    expect(existsSync(folderOf("dirty"))).toBe(false);
    await scrub(undefined);
  }, 120_000);

  test("is there after its keeper was killed while it was made", async () => {
    await scrub("SELECT pg_sleep(2); UPDATE notes SET text = 'scrubbed'");
    const { pid } = await keeper();
    const deployed = deployPreview("slow");
    const halfMade = () =>
      existsSync(folderOf("slow")) &&
      readdirSync(folderOf("slow")).some((name) => name.startsWith("data.branch-"));
    await eventually(halfMade, (seen) => seen);
    process.kill(pid, "SIGKILL");
    await deployed;
    expect(await notes("notes-git-slow.localhost")).toEqual(["scrubbed", "scrubbed"]);
    expect(readdirSync(folderOf("slow")).sort()).toEqual(["branch.json", "data"]);
    expect(await notes(preview)).toEqual(["after all"]);
    await scrub(undefined);
  }, 120_000);

  test("a moment of production can be looked at, which no preview is given", async () => {
    const before = await platform.json<{ rows: { now: string }[] }>(
      ...["db", "query", "notes", "SELECT clock_timestamp()::text AS now"],
    );
    await platform.ask(production, "/", { method: "DELETE" });
    await platform.must("db", "restore", "notes", "--to", before.rows[0]!.now, "--into", "look");
    const { rows } = await platform.json<{ rows: unknown[] }>(
      ...["db", "query", "notes", "SELECT text FROM notes ORDER BY id", "--branch", "look"],
    );
    expect(rows).toEqual([{ text: "one" }, { text: "two" }]);
    expect(await notes(production)).toEqual([]);
    const refused = await platform.failing(
      ...["deploy", source, "--prebuilt", "--app", "notes", "--branch", "look", "--json"],
    );
    expect(JSON.parse(refused.stdout).error.message).toContain('another branch "look"');
    await platform.must("db", "branch", "notes", "look", "--remove");
    expect(await named("look")).toBeUndefined();
  }, 120_000);

  test("goes with its preview, and all go with their app", async () => {
    await platform.must("remove", "notes", "--branch", "feature/x", "--yes");
    expect(await named("feature-x")).toBeUndefined();
    expect(existsSync(folderOf("feature-x"))).toBe(false);
    expect((await branches()).map(({ branch }) => branch)).toEqual(["clean", "slow"]);
    const gone = await platform.failing("remove", "notes", "--branch", "feature/x", "--yes");
    expect(gone.stderr).toContain("no preview of the branch");
    await platform.must("remove", "notes", "--yes");
    expect(readdirSync(join(platform.home, "postgres/branches/notes"))).toEqual([]);
  }, 120_000);
});
