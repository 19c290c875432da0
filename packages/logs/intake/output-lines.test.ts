import { expect, test } from "bun:test";
import { type LineEnd, OutputLines } from "./output-lines.ts";

const bytes = (text: string) => Buffer.from(text);

function reader(limitBytes?: number) {
  const lines: [string, LineEnd, number][] = [];
  return { lines, output: new OutputLines((...line) => lines.push(line), limitBytes) };
}

test("lines and characters that arrive in pieces come out whole", () => {
  const { lines, output } = reader();
  for (const piece of [bytes("one\r\ntw"), bytes("o\n\n"), bytes("€").subarray(0, 1), bytes("€").subarray(1)])
    output.push(piece);
  output.end();
  expect(lines.map(([line]) => line)).toEqual(["one", "two", "", "€"]);
});

test("of 10 MB without a line end the first part is kept, and it is known how much is missing", () => {
  const { lines, output } = reader();
  for (let piece = 0; piece < 160; piece++) output.push(Buffer.alloc(64 * 1024, 120));
  output.push(bytes("\nnext\n"));
  expect(lines.map(([line, end, cut]) => [line.length, end, cut])).toEqual([
    [64 * 1024, "cut", 159 * 64 * 1024],
    [4, "whole", 0],
  ]);
});

test("bytes that are no text become replacement signs, and lines in them stay lines", () => {
  const { lines, output } = reader();
  output.push(Buffer.from([0xff, 0xfe, 0x00, 0x41, 0x0a, 0xc3, 0x28, 0x0a]));
  expect(lines.map(([line]) => line)).toEqual(["\ufffd\ufffd\0A", "\ufffd("]);
});

test("what a flood loses is counted line by line, wherever its pieces break", () => {
  const text = "first line\nsecond\n\nthird and longer\nfourth\nfifth\n";
  const all = text.split("\n").slice(0, -1);
  for (let from = 0; from < text.length; from++) {
    for (let to = from; to <= text.length; to++) {
      const { lines, output } = reader();
      output.push(bytes(text.slice(0, from)));
      if (to > from) output.skip(bytes(text.slice(from, to)));
      output.push(bytes(text.slice(to)));
      output.end();
      expect(lines.length + output.takeLost()).toBe(all.length);
      for (const [line, end] of lines)
        expect(all.some((one) => (end === "whole" ? one === line : one.startsWith(line)))).toBe(true);
    }
  }
});
