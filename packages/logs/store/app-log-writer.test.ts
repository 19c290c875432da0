import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogRecord, LogSource } from "../line/log-line.ts";
import { searchLogs } from "../search/search-logs.ts";
import { streamLogs } from "../search/stream-logs.ts";
import { AppLogWriter, usualWriterLimits, type WriterLimits } from "./app-log-writer.ts";

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "ek-logs-")), "shop");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const source: LogSource = { stream: "stdout" };
const record = (number: number, more: Partial<LogRecord> = {}): LogRecord => ({
  ...{ atMs: 1_700_000_000_000 + number, level: 2, source, requestId: "", fields: "" },
  text: `line ${number}`,
  ...more,
});
const small: Partial<WriterLimits> = { blockLines: 10, segmentBytes: 1_500 };
const writer = (limits: Partial<WriterLimits> = small, events = {}) =>
  new AppLogWriter(folder, "host", { ...usualWriterLimits, ...limits }, events);
const signal = new AbortController().signal;
const all = async () => Array.fromAsync(streamLogs(folder, { query: {}, follow: false, signal }));
const numbers = async () => (await all()).map(({ text }) => Number(text.slice(5)));
const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);
const files = (kind: string) => readdirSync(folder).filter((name) => name.endsWith(kind));

test("lines come back as they were, in their order, from tail, open segment and sealed ones", async () => {
  const log = writer();
  for (const number of upTo(123)) {
    const more =
      number === 57 ? { level: 4, requestId: "r-1", fields: '{"a":"é\\u0000"}', text: "líne 57" } : {};
    log.append(record(number, more));
    if (number % 7 === 0) await log.flush();
  }
  await log.flush();
  expect(files(".seg").length).toBeGreaterThan(1);
  expect(files(".tail")).toHaveLength(1);
  const lines = await all();
  expect(lines.map(({ id }) => id)).toEqual(upTo(123).map((number) => `host-${number + 1}`));
  expect(lines[57]).toEqual({
    ...{ id: "host-58", atMs: 1_700_000_000_057, level: "error", text: "líne 57", stream: "stdout" },
    ...{ requestId: "r-1", fields: { a: "é\u0000" } },
  });
  await log.close();
});

test("after a crash at any moment every line that was written is there once, and new ones follow", async () => {
  const log = writer();
  for (const number of upTo(25)) log.append(record(number));
  await log.flush();
  // Not closed: this is how a killed process leaves its files. A tail that was packed and not yet removed, half a frame, half a line:
  const tail = join(folder, files(".tail")[0]!);
  const kept = readFileSync(tail);
  appendFileSync(tail, '[1700000000099,2,0,"","half a li');
  appendFileSync(join(folder, files(".open").at(-1)!), Buffer.from("EKLB half a frame"));
  writeFileSync(
    join(folder, "host.000000000000011.tail"),
    '{"source":{"stream":"stdout"}}\n[1700000000010,2,0,"","line 10",""]\n',
  );
  expect(await numbers()).toEqual(upTo(25));

  const next = writer();
  next.append(record(25));
  await next.flush();
  expect(await numbers()).toEqual(upTo(26));
  expect(readFileSync(join(folder, files(".tail")[0]!)).subarray(0, kept.length)).toEqual(kept);
  expect(files(".tail")).toHaveLength(1);

  // Power was lost within the last frame, whose tail is still there.
  for (const number of upTo(14)) next.append(record(26 + number));
  await next.flush();
  await next.close();
  const third = writer();
  third.append(record(40));
  await third.flush();
  expect(await numbers()).toEqual(upTo(41));
  await Promise.all([third.close(), log.close()]);
});

test("a frame that was torn by a loss of power is cut off; its lines stand in the tail still", async () => {
  const log = writer({ blockLines: 10 });
  for (const number of upTo(20)) log.append(record(number));
  await log.close();
  const segment = join(folder, files(".open")[0]!);
  const lines = upTo(10).map((number) => `[${1_700_000_000_010 + number},2,0,"","line ${10 + number}",""]`);
  writeFileSync(
    join(folder, "host.000000000000011.tail"),
    `{"source":{"stream":"stdout"}}\n${lines.join("\n")}\n`,
  );
  truncateSync(segment, readFileSync(segment).length - 3);
  const next = writer({ blockLines: 10 });
  next.append(record(20));
  await next.flush();
  expect(await numbers()).toEqual(upTo(21));
  await next.close();
});

test("what was printed before a process was killed is there, as soon as it was written", async () => {
  const program = `
    import { AppLogWriter } from ${JSON.stringify(join(import.meta.dir, "app-log-writer.ts"))};
    const log = new AppLogWriter(${JSON.stringify(folder)}, "host", { blockLines: 50, blockBytes: 1e9, segmentBytes: 4000, segmentAgeMs: 1e9, queueBytes: 1e9 });
    const source = { stream: "stdout" };
    for (let number = 0; ; number++) {
      log.append({ atMs: 1700000000000 + number, level: 2, source, requestId: "", text: "line " + number, fields: "" });
      if (number % 20 === 19) { await log.flush(); console.log(number + 1); }
    }`;
  for (let round = 0; round < 3; round++) {
    rmSync(folder, { recursive: true, force: true });
    const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "inherit" });
    await using _ended = { [Symbol.asyncDispose]: async () => child.kill("SIGKILL") };
    let told = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      told += decoder.decode(chunk, { stream: true });
      if (told.split("\n").length > 8 + round * 5) child.kill("SIGKILL");
    }
    await child.exited;
    const acknowledged = Number(told.trim().split("\n").at(-1));
    const found = await numbers();
    expect(found).toEqual(upTo(found.length));
    expect(found.length).toBeGreaterThanOrEqual(acknowledged);
    const next = writer({ blockLines: 50, segmentBytes: 4_000 });
    next.append(record(found.length));
    await next.close();
    expect(await numbers()).toEqual(upTo(found.length + 1));
  }
}, 120_000);

test("a tail that was full when its writer was killed is packed before new lines come", async () => {
  const log = writer({ blockLines: 100 });
  for (const number of upTo(30)) log.append(record(number));
  await log.close();
  const next = writer({ blockLines: 30 });
  next.append(record(30));
  await next.flush();
  expect(files(".tail")).toEqual(["host.000000000000031.tail"]);
  expect(await numbers()).toEqual(upTo(31));
  await next.close();
});

test("a folder that was removed is made anew by the next line, which is not lost", async () => {
  const log = writer();
  for (const number of upTo(15)) log.append(record(number));
  await log.flush();
  rmSync(folder, { recursive: true });
  log.append(record(15));
  await log.flush();
  expect(await numbers()).toEqual([15]);
  await log.close();
});

test("a clock that is set back loses nothing: what follows is a block of its own", async () => {
  const log = writer({ blockLines: 100 });
  log.append(record(0));
  log.append(record(1, { atMs: 1_700_000_100_000 }));
  log.append(record(2, { atMs: 1_700_000_000_000 }));
  log.append(record(3, { atMs: 1_700_000_000_500 }));
  await log.flush();
  await log.close();
  const { lines } = await searchLogs(folder, { untilMs: 1_700_000_050_000 });
  expect(lines.map(({ text }) => text).sort()).toEqual(["line 0", "line 2", "line 3"]);
});

test("what has become old is sealed although it fills nothing", async () => {
  const log = writer({});
  log.append(record(0));
  await log.flush();
  await log.settle(1_700_000_000_000 + 3_600_000);
  expect(files(".seg")).toHaveLength(0);
  await log.settle(1_700_000_000_000 + 25 * 3_600_000);
  expect(files(".seg")).toHaveLength(1);
  expect(files(".tail")).toHaveLength(0);
  expect(await numbers()).toEqual([0]);
  await log.close();
});

test("a queue that is full drops lines, and the log says how many", async () => {
  const log = writer({ queueBytes: 30 });
  for (const number of upTo(9)) log.append(record(number));
  await log.flush();
  expect((await all()).map(({ text }) => text)).toEqual([
    ...["line 0", "line 1", "line 2", "line 3", "line 4"],
    "4 lines were dropped: the disk was too slow",
  ]);
  await log.close();
});
