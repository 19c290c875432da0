import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRuntimeLog } from "./runtime-log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (t: number, text: string) =>
  `${JSON.stringify({ t, deployment: "d", stream: "stdout", line: text })}\n`;
const signal = new AbortController().signal;
const folders = async () => [join(folder, "one"), join(folder, "two")];

test("lines of several deployments and files come in the order of their time", async () => {
  mkdirSync(join(folder, "one"));
  mkdirSync(join(folder, "two"));
  writeFileSync(join(folder, "one/runtime-10.ndjson"), line(4, "d"));
  writeFileSync(join(folder, "one/runtime-9.ndjson"), line(1, "a") + line(3, "c"));
  writeFileSync(join(folder, "two/runtime-1.ndjson"), `${line(2, "b")}{"half`);
  writeFileSync(join(folder, "two/build.ndjson"), line(0, "not this"));
  const all = await Array.fromAsync(readRuntimeLog({ folders, follow: false, signal }));
  expect(all.map(({ text }) => text)).toEqual(["a", "b", "c", "d"]);
  expect(all[0]).toEqual({ atMs: 1, deployment: "d" as never, stream: "stdout", text: "a" });
  const late = await Array.fromAsync(readRuntimeLog({ folders, follow: false, sinceMs: 3, signal }));
  expect(late.map(({ text }) => text)).toEqual(["c", "d"]);
});

test("following goes on into new lines, new files and new folders, and ends when it is left", async () => {
  const leave = new AbortController();
  const seen: string[] = [];
  const next: [string, () => void][] = [
    [
      "a",
      () =>
        appendFileSync(join(folder, "one/runtime-1.ndjson"), `${line(2, "b")}${line(3, "c").slice(0, 9)}`),
    ],
    ["b", () => appendFileSync(join(folder, "one/runtime-1.ndjson"), line(3, "c").slice(9))],
    ["c", () => writeFileSync(join(folder, "one/runtime-2.ndjson"), line(4, "d"))],
    [
      "d",
      () => {
        mkdirSync(join(folder, "two"));
        writeFileSync(join(folder, "two/runtime-1.ndjson"), line(5, "e"));
      },
    ],
    ["e", () => leave.abort()],
  ];
  mkdirSync(join(folder, "one"));
  writeFileSync(join(folder, "one/runtime-1.ndjson"), line(1, "a"));
  for await (const { text } of readRuntimeLog({ folders, follow: true, signal: leave.signal })) {
    seen.push(text);
    next.find(([after]) => after === text)![1]();
  }
  expect(seen).toEqual(["a", "b", "c", "d", "e"]);
}, 60_000);
