import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppLogWriter, usualWriterLimits } from "../store/app-log-writer.ts";
import { listLogFiles } from "../store/log-files.ts";
import { LogFollower } from "./log-follower.ts";
import { LineTest } from "./log-query.ts";
import { streamLogs } from "./stream-logs.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-follow-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const limits = { ...usualWriterLimits, blockLines: 20, segmentBytes: 2_000 };
const open = (writer: string) => new AppLogWriter(folder, writer, limits);
const source = { stream: "stdout" } as const;
const line = (text: string) => ({ atMs: Date.now(), level: 2, source, requestId: "", text, fields: "" });

test("who follows sees each line once and in order: across blocks, segments and writers that begin anew", async () => {
  let host = open("host");
  const control = open("control");
  for (let number = 0; number < 30; number++) host.append(line(`host ${number}`));
  await host.flush();
  const leave = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    const wish = { query: {}, follow: true, newest: 12, signal: leave.signal };
    for await (const { text } of streamLogs(folder, wish)) {
      seen.push(text);
      if (seen.length === 12 + 970 + 49) leave.abort();
    }
  })();
  for (let number = 30; number < 1_000; number++) {
    host.append(line(`host ${number}`));
    if (number % 20 === 0) control.append(line(`control ${number / 20}`));
    // As bursts of many sizes, some of several blocks.
    if (number % 37 === 0 || number === 999) await host.flush();
    if (number % 333 === 0) {
      await host.close();
      host = open("host");
    }
  }
  control.append(line("control 0"));
  await control.flush();
  await following;
  const of = (writer: string) =>
    seen.filter((text) => text.startsWith(writer)).map((text) => Number(text.split(" ")[1]));
  expect(of("host")).toEqual(Array.from({ length: 982 }, (_, number) => number + 18));
  expect(of("control").sort((one, two) => one - two)).toEqual([
    0,
    ...Array.from({ length: 48 }, (_, number) => number + 2),
  ]);
  await Promise.all([host.close(), control.close()]);
}, 60_000);

test("who comes back goes on after what he had; lines that retention took meanwhile are told as a gap", async () => {
  const host = open("host");
  for (let number = 0; number < 100; number++) host.append(line(`host ${number}`));
  await host.flush();
  const query = {};
  const { signal } = new AbortController();
  const rest = await Array.fromAsync(streamLogs(folder, { query, follow: false, after: "host-90", signal }));
  expect(rest.map(({ text }) => text)).toEqual(
    Array.from({ length: 10 }, (_, number) => `host ${90 + number}`),
  );
  for (let number = 100; number < 300; number++) host.append(line(`host ${number}`));
  await host.flush();
  const segments = listLogFiles(folder).filter(({ kind }) => kind === "seg");
  for (const { path } of segments.slice(0, -1)) rmSync(path);
  const oldest = segments.at(-1)!.first;
  const follower = new LogFollower(folder, new LineTest(query), { host: 5 });
  const lines: string[] = [];
  for (let read = await follower.read(); read.length > 0; read = await follower.read())
    lines.push(...read.map(({ text }) => text));
  expect(follower.gaps).toEqual([{ writer: "host", lines: oldest - 5 }]);
  expect(lines[0]).toBe(`host ${oldest - 1}`);
  expect(lines.at(-1)).toBe("host 299");
  expect(lines).toHaveLength(301 - oldest);
  await follower.close();
  await host.close();
});
