import { expect, test } from "bun:test";
import { secretMasker } from "@evenkeel/model";
import { LogLines } from "./log-lines.ts";

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

test("secrets become their names, also where a line is cut", () => {
  const lines: string[] = [];
  const splitter = new LogLines((text) => lines.push(text), secretMasker({ API_KEY: "s3cret-value" }));
  for (const chunk of ["a=s3c", "ret-value\n", `${"x".repeat(16 * 1024 - 6)}s3cret-value\n`, "b=s3cret-"])
    splitter.write(Buffer.from(chunk));
  splitter.end();
  expect(lines).toEqual(["a=[API_KEY]", `${"x".repeat(16 * 1024 - 6)}[API_KEY]…`, "b=[API_KEY]"]);
});
