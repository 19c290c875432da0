import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";

interface Protection {
  archive: string;
  onThisMachine: boolean;
  recoveryKeyExported: boolean;
  database: { archivedToMs?: number; newestBackupMs?: number };
  files: { copiedAtMs?: number };
}

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
}, 120_000);
afterAll(() => platform?.stop(), 120_000);

const host = "notes.localhost";
const inFolder = (name: string) => join(platform.folder, name);
const protection = () => platform.json<Protection>("backup", "status");

async function notes(): Promise<string[]> {
  const answer = await platform.get(host, "/api/notes");
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text()}`);
  return answer.json() as string[];
}

async function write(text: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await platform.ask(host, "/api/notes", { body: JSON.stringify({ text }), headers });
  expect(answer.status).toBe(200);
}

/** All archives as they are at one moment. */
async function copyArchive(to: string): Promise<void> {
  const { processes } = await platform.json<{ processes: { name: string; pid: number }[] }>("status");
  const { pid } = processes.find(({ name }) => name === "databases")!;
  process.kill(pid, "SIGSTOP");
  try {
    cpSync(inFolder("archive"), to, { recursive: true });
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

describe("a lost platform", () => {
  test("reminds of its recovery key and of backups that stand beside what they protect, until both are seen to", async () => {
    expect(await protection()).toMatchObject({ recoveryKeyExported: false, onThisMachine: true });
    expect(await platform.must("status")).toContain("Nobody has the recovery key");
    await platform.must("backup", "export-key", inFolder("recovery.key"));
    expect((await platform.failing("backup", "export-key", inFolder("recovery.key"))).exitCode).toBe(2);
    mkdirSync(inFolder("archive"));
    await platform.must("backup", "to", inFolder("archive"));
    expect(await protection()).toMatchObject({
      ...{ archive: inFolder("archive"), recoveryKeyExported: true, onThisMachine: false },
    });
    expect(await platform.must("status")).not.toContain("→");
    const refused = await platform.failing(
      "backup",
      "to",
      "s3://nowhere/x",
      "--endpoint",
      "http://127.0.0.1:9",
    );
    expect(refused.stderr).toContain("AWS_ACCESS_KEY_ID");
  }, 120_000);

  test("is made anew elsewhere from its archive and its key: releases, git repositories, databases with all archived rows", async () => {
    await platform.deploy(platform.copyFixture("database-notes"), "--app", "notes", "--prod");
    await platform.must("backup", "now");
    await write("one");
    await write("two");
    const writtenMs = Date.now();
    // WAL that is sent later says how far the earlier has come; an idle server does it once a minute.
    await platform.must("db", "query", "notes", "CREATE TABLE later ()");
    await eventually(
      async () => {
        const [database] = await platform.json<{ archivedToMs?: number }[]>("db", "list");
        const { files, database: own } = await protection();
        return Math.min(database?.archivedToMs ?? 0, files.copiedAtMs ?? 0, own.archivedToMs ?? 0);
      },
      (archivedToMs) => archivedToMs > writtenMs,
      120_000,
    );
    await copyArchive(inFolder("survived"));
    await platform.must("down");
    rmSync(platform.home, { recursive: true });

    const rebuild = (...words: string[]) => ["rebuild", "--from", inFolder("survived"), ...words];
    const key = readFileSync(inFolder("recovery.key"), "utf8");
    writeFileSync(
      inFolder("wrong.key"),
      key.replace(/.(?=\n$)/, (digit) => (digit === "0" ? "1" : "0")),
    );
    const wrong = await platform.failing(...rebuild("--key", inFolder("wrong.key")));
    expect(wrong.stderr).toContain("was not copied correctly");
    expect(existsSync(join(platform.home, "postgres"))).toBe(false);

    mkdirSync(platform.home, { recursive: true });
    symlinkSync("/var/tmp/evenkeel-test-toolchain", join(platform.home, "toolchain"));
    const rebuilt = await platform.json<Record<string, unknown>>(
      ...rebuild("--key", inFolder("recovery.key")),
    );
    expect(rebuilt).toMatchObject({
      live: [{ app: "notes", release: 1 }],
      incomplete: [],
      databases: [{ app: "notes", environment: "production" }],
    });
    await eventually(
      () => notes().catch(() => undefined),
      (seen) => seen !== undefined,
    );
    expect(await notes()).toEqual(["one", "two"]);
    await write("three");
    expect(await notes()).toEqual(["one", "two", "three"]);
    // It goes on into the archive that it came from.
    expect(await protection()).toMatchObject({ archive: inFolder("survived"), recoveryKeyExported: true });
    await platform.must("backup", "now");
    await platform.failing(...rebuild("--key", inFolder("recovery.key")));
  }, 300_000);
});
