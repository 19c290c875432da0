import { expect, test } from "bun:test";
import { LogLines } from "./log-lines.ts";
import { redactor } from "./redact.ts";

function linesOf(...chunks: (string | Uint8Array)[]): string[] {
  const lines: string[] = [];
  const splitter = new LogLines((text) => lines.push(text));
  for (const chunk of chunks) splitter.write(Buffer.from(chunk as string));
  splitter.end();
  return lines;
}

test("output is split into lines wherever its pieces break", () => {
  const e = Buffer.from("é");
  expect(linesOf("a", "b\n\nc", e.subarray(0, 1), e.subarray(1), "\r\nrest")).toEqual([
    "ab",
    "",
    "cé",
    "rest",
  ]);
});

test("colours go, and of a line that overwrites itself the last state stays", () => {
  expect(linesOf("\x1b[31mred\x1b[0m\n10%\r50%\r100%\n")).toEqual(["red", "100%"]);
});

test("a line without end is cut, not gathered", () => {
  const [line, ...others] = linesOf("x".repeat(100_000), "y".repeat(100_000), "\nnext\n");
  expect(line!.length).toBeLessThan(20_000);
  expect(others).toEqual(["next"]);
});

test("secrets are hidden whole: in lines, in URLs, in JSON, a URL's password alone", () => {
  const redact = redactor([
    "s3cret-value",
    "s3cret",
    'quo"ted/secret',
    "postgres://app:p%40ssword@db/x",
    "-----BEGIN KEY-----\nabcdefghij\n-----END KEY-----",
    "true",
    "production",
  ]);
  expect(redact("a=s3cret-value b=s3cret")).toBe("a=*** b=***");
  expect(redact('{"x":"quo\\"ted/secret"} quo%22ted%2Fsecret')).toBe('{"x":"***"} ***');
  expect(redact("postgres://app:p%40ssword@db/x")).toBe("***");
  expect(redact("password p@ssword")).toBe("password ***");
  expect(redact("key abcdefghij")).toBe("key ***");
  expect(redact("true production")).toBe("true production");
});
