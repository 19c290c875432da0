import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OutputLines } from "./output-lines.ts";
import { RotatingLog } from "./rotating-log.ts";
import { redactSecrets } from "./secret-redaction.ts";

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
  const lines: string[] = [];
  let dropped = 0;
  const output = new OutputLines(
    (line) => lines.push(line),
    (count) => {
      dropped += count;
    },
    { lineLength: 10, bytesPerSecond: 100 },
  );
  output.push(bytes("x".repeat(50)), 0);
  output.push(bytes("y\n"), 1);
  output.push(bytes("z".repeat(60)), 2);
  output.push(bytes("next\n"), 1_500);
  output.end();
  expect(lines).toEqual([`${"x".repeat(10)} [cut]`, "next"]);
  expect(dropped).toBe(60);
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

test("secrets are replaced by their names: by name, by the password in a URL, line by line, the longest first", () => {
  const redact = redactSecrets({
    API_KEY: "abcdef",
    LONG_TOKEN: "abcdef-and-more",
    DATABASE_URL: "postgres://app:p%40ss-word@db/app",
    SITE_URL: "https://example.com/",
    PIN_SECRET: "1234",
    SIGNING_KEY: "-----BEGIN-----\nMIIEvQIBADAN\n-----END-----",
    GREETING: "good morning",
  });
  expect(redact("abcdef-and-more abcdef")).toBe("[LONG_TOKEN] [API_KEY]");
  expect(redact("password p@ss-word or p%40ss-word")).toBe("password [DATABASE_URL] or [DATABASE_URL]");
  expect(redact("at postgres://app:p%40ss-word@db/app")).toBe("at [DATABASE_URL]");
  expect(redact("key MIIEvQIBADAN")).toBe("key [SIGNING_KEY]");
  expect(redact("good morning https://example.com/ 1234")).toBe("good morning https://example.com/ 1234");
});
