import { expect, test } from "bun:test";
import { ChunkedDecoder } from "./chunked-decoder.ts";

function decode(pieces: Buffer[]): { text: string; done: boolean; rest: string } {
  const decoder = new ChunkedDecoder();
  let text = "";
  let rest = "";
  for (const piece of pieces) {
    let position = 0;
    while (position < piece.length && !decoder.done && !decoder.failed) {
      position = decoder.step(piece, position);
      text += piece.latin1Slice(decoder.dataStart, decoder.dataEnd);
    }
    if (decoder.failed) return { text, done: false, rest: "failed" };
    rest += piece.latin1Slice(position);
  }
  return { text, done: decoder.done, rest };
}

test("Chunks are decoded alike wherever the input is split, and what follows is left alone", () => {
  const input = Buffer.from(
    '5\r\nhello\r\n1a;x="y"\r\n abcdefghijklmnopqrstuvwxy\r\n0 \r\nA: b\r\nC: d\r\n\r\nGET / next',
  );
  const whole = { text: "hello abcdefghijklmnopqrstuvwxy", done: true, rest: "GET / next" };
  expect(decode([input])).toEqual(whole);
  for (let first = 1; first < input.length; first++) {
    for (let second = first; second < input.length; second += 3) {
      const pieces = [input.subarray(0, first), input.subarray(first, second), input.subarray(second)];
      expect(decode(pieces)).toEqual(whole);
    }
  }
});

test("A body without its last chunk is not done", () => {
  expect(decode([Buffer.from("5\r\nhello\r\n0\r\n")])).toEqual({ text: "hello", done: false, rest: "" });
});
