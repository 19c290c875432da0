import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { secretMasker } from "@evenkeel/model";
import { InstanceOutput } from "./instance-output.ts";
import { type LineEnd, OutputLines } from "./output-lines.ts";
import { RotatingLog } from "./rotating-log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-logs-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

test("lines and characters that arrive in pieces come out whole", () => {
  const lines: string[] = [];
  const output = new OutputLines(
    (line) => lines.push(line),
    () => {},
  );
  const euro = bytes("€");
  output.push(bytes("one\r\ntw"), 0);
  output.push(bytes("o\n\n"), 0);
  output.push(euro.subarray(0, 1), 0);
  output.push(euro.subarray(1), 0);
  output.end();
  expect(lines).toEqual(["one", "two", "", "€"]);
});

test("a line without end keeps no memory, and what exceeds a second's share is dropped and counted", () => {
  const lines: [string, LineEnd][] = [];
  let dropped = 0;
  const output = new OutputLines(
    (...line) => lines.push(line),
    (count) => {
      dropped += count;
    },
    { lineLength: 10, bytesPerSecond: 100 },
  );
  output.push(bytes("x".repeat(50)), 0);
  output.push(bytes("y\n"), 1);
  output.push(bytes("begun "), 2);
  output.push(bytes(`${"z".repeat(59)}\n`), 3);
  output.push(bytes("next\n"), 1_500);
  output.push(bytes("z".repeat(100)), 1_501);
  output.push(bytes("the rest of it\nopen"), 2_500);
  output.end();
  expect(lines).toEqual([
    ["x".repeat(10), "cut"],
    ["begun ", "cut"],
    ["next", "whole"],
    ["open", "open"],
  ]);
  expect(dropped).toBe(160);
});

test("files are rotated by size and only the newest are kept", async () => {
  const log = new RotatingLog(folder, "runtime", String, { fileBytes: 100, files: 3 });
  for (let number = 0; number < 30; number++) {
    log.append(`line ${number} ${"x".repeat(30)}`);
    await log.flush();
  }
  await log.close();
  const names = readdirSync(folder).sort();
  expect(names).toHaveLength(3);
  const text = names.map((name) => readFileSync(join(folder, name), "utf8")).join("");
  expect(text).toContain("line 29 ");
  expect(text).not.toContain("line 1 ");
  const again = new RotatingLog(folder, "runtime", String, { fileBytes: 100, files: 3 });
  again.append("after a restart");
  await again.close();
  expect(readdirSync(folder).length).toBe(3);
}, 60_000);

test("a queue that is full drops lines and says how many", async () => {
  const log = new RotatingLog(folder, "runtime", (count) => `${count} dropped`, { queueBytes: 20 });
  for (let number = 0; number < 5; number++) log.append("0123456789");
  await log.close();
  expect(readFileSync(join(folder, "runtime-1.ndjson"), "utf8")).toBe("0123456789\n0123456789\n3 dropped\n");
});

test("a secret is masked wherever its pieces break, where its line is cut, and in what the platform says", () => {
  const secret = "sk_live_0123456789abcdef";
  for (let at = 1; at < secret.length; at++) {
    const lines: string[] = [];
    const output = new InstanceOutput(
      undefined,
      ({ line }) => lines.push(line),
      secretMasker({ KEY: secret }),
    );
    output.push("stdout", bytes(`a ${secret.slice(0, at)}`));
    output.push("stdout", bytes(`${secret.slice(at)} b\n`));
    output.push("stdout", bytes(`${"x".repeat(16_384 - Math.max(4, at))}${secret}\n`));
    output.push("stderr", bytes(`last ${secret.slice(0, Math.max(4, at))}`));
    output.note(`exited with ${secret}`);
    output.end();
    expect(lines).toContain("a [KEY] b");
    expect(lines).toContain("last [KEY]");
    expect(lines).toContain("exited with [KEY]");
    expect(lines.find((line) => line.startsWith("xx"))).toEndWith("x[KEY] [cut]");
  }
});
