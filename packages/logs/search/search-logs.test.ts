import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeploymentId } from "@evenkeel/model";
import type { LogLine, LogRecord, LogSource } from "../line/log-line.ts";
import { AppLogWriter, usualWriterLimits } from "../store/app-log-writer.ts";
import { listLogFiles } from "../store/log-files.ts";
import { LineTest, type LogQuery } from "./log-query.ts";
import { type LogSearch, searchLogs } from "./search-logs.ts";
import { streamLogs } from "./stream-logs.ts";

const folder = mkdtempSync(join(tmpdir(), "ek-search-"));
const beginMs = 1_700_000_000_000;
const limits = { ...usualWriterLimits, blockLines: 50, segmentBytes: 8_000 };
const sources: LogSource[] = [
  { stream: "stdout", environment: "production", deployment: "aaaaaaaaa" as DeploymentId },
  { stream: "stderr", environment: "production", deployment: "bbbbbbbbb" as DeploymentId },
  { stream: "stdout", environment: "preview", deployment: "ccccccccc" as DeploymentId },
];
const build: LogSource = {
  stream: "stdout",
  environment: "production",
  deployment: "bbbbbbbbb" as DeploymentId,
  build: true,
};
const records: LogRecord[] = [];

beforeAll(async () => {
  const host = new AppLogWriter(folder, "host", limits);
  const control = new AppLogWriter(folder, "control", limits);
  for (let number = 0; number < 2_000; number++) {
    const isBuild = number % 40 === 39;
    const status = number % 100 === 7 ? 500 : 200;
    const record: LogRecord = {
      atMs: beginMs + number * 1_000,
      level: number % 250 === 11 ? 4 : 2,
      source: isBuild ? build : sources[number % 3]!,
      requestId: `ek1::abcde-${beginMs + number}-${number.toString(16)}`,
      text: number === 1_234 ? "The Quick brown “Fuchs” jumps, ÄRGER" : `request number ${number} done`,
      fields: JSON.stringify({
        status,
        userId: `u-${number % 91}`,
        req: { method: "GET" },
        note: 'say "hi"',
      }),
    };
    records.push(record);
    (isBuild ? control : host).append({ ...record });
    if (number % 300 === 0) await Promise.all([host.flush(), control.flush()]);
  }
  await Promise.all([host.close(), control.close()]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function pages(search: LogSearch): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const page = await searchLogs(folder, { ...search, cursor });
    expect(page.lines.length).toBeLessThanOrEqual(search.limit ?? 100);
    lines.push(...page.lines);
    cursor = page.cursor;
  }
  return lines;
}

test.each<[string, LogQuery]>([
  ["everything", {}],
  ["a time", { sinceMs: beginMs + 400_000, untilMs: beginMs + 450_000 }],
  ["a level and worse", { level: "warn" }],
  ["a deployment", { deployment: "bbbbbbbbb" as DeploymentId }],
  ["an environment", { environment: "preview" }],
  ["builds", { build: true }],
  ["what no build printed", { build: false, level: "error" }],
  ["a text in other capitals", { text: "quick BROWN" }],
  ["a part of a word", { text: "uick br" }],
  ["a text that is too short for the filters", { text: "ick" }],
  ["signs beyond ASCII", { text: "“fuchs” jumps, ärger" }],
  ["quotes as JSON writes them", { text: 'say "hi"', level: "error" }],
  ["a request id", { text: `abcde-${beginMs + 777}` }],
  ["a field that is a number", { fields: { status: "500" } }],
  ["a field that is a text, and another", { fields: { user_id: "u-7", status: "500" } }],
  ["a field within a field", { fields: { "req.method": "GET" }, untilMs: beginMs + 20_000 }],
  ["a request id as a field", { fields: { requestId: `ek1::abcde-${beginMs + 15}-f` } }],
  ["a field and a text", { fields: { status: "500" }, text: "number 100" }],
  ["nothing", { text: "nowhere to be found" }],
  ["a wrong value", { fields: { status: "50" } }],
])("pages find %s: what a look at every line finds, newest first", async (_, query) => {
  const tested = new LineTest(query);
  const expected = records.filter((record) => tested.wants(record)).map(({ atMs }) => atMs);
  const found = await pages({ ...query, limit: 37 });
  expect(found.map(({ atMs }) => atMs)).toEqual(expected.toReversed());
  const { signal } = new AbortController();
  const forward = await Array.fromAsync(streamLogs(folder, { query, follow: false, signal }));
  expect(forward.map(({ atMs }) => atMs)).toEqual(expected);
});

test("the expectations themselves find what they say", () => {
  const count = (query: LogQuery) => records.filter((record) => new LineTest(query).wants(record)).length;
  expect(count({ fields: { status: "500" } })).toBe(20);
  expect(count({ text: "quick BROWN" })).toBe(1);
  expect(count({ build: true })).toBe(50);
  expect(count({ level: "warn" })).toBe(8);
});

test("a page whose time is over says how far it came, and its cursor goes on", async () => {
  const lines: LogLine[] = [];
  let count = 0;
  for (let cursor: string | undefined, first = true; first || cursor; first = false, count++) {
    const page = await searchLogs(folder, { text: "ick", timeLimitMs: 0, cursor });
    lines.push(...page.lines);
    if (page.cursor) expect(page.searchedToMs).toBeGreaterThanOrEqual(beginMs);
    cursor = page.cursor;
  }
  expect(lines).toHaveLength(1);
  expect(count).toBeGreaterThan(10);
});

test("the newest so many come oldest first", async () => {
  const { signal } = new AbortController();
  const lines = await Array.fromAsync(streamLogs(folder, { query: {}, follow: false, newest: 5, signal }));
  expect(lines.map(({ atMs }) => atMs)).toEqual(records.slice(-5).map(({ atMs }) => atMs));
});

test("a damaged block is told of, not passed over", async () => {
  const copy = mkdtempSync(join(tmpdir(), "ek-damaged-"));
  try {
    const segment = listLogFiles(folder).find(({ kind }) => kind === "seg")!;
    const bytes = Buffer.from(await Bun.file(segment.path).arrayBuffer());
    bytes[400]! ^= 1;
    bytes[900]! ^= 1;
    bytes[2_000]! ^= 1;
    writeFileSync(join(copy, "host.000000000000001.seg"), bytes);
    await expect(searchLogs(copy, { limit: 5_000 })).rejects.toMatchObject({ code: "log_block_damaged" });
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test("a cursor that is none is refused", async () => {
  await expect(searchLogs(folder, { cursor: "../x" })).rejects.toMatchObject({ code: "log_query_invalid" });
});
