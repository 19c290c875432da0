import { expect, test } from "bun:test";
import { processEnd, readLauncherMessage } from "./launcher-link.ts";

test.each([
  ["nonsense", undefined],
  ["null", undefined],
  ['{"type":"assign"}', undefined],
  ['{"type":"background","pending":"many"}', undefined],
  ['{"type":"failed","error":{"code":1}}', undefined],
  ['{"type":"ready","more":1}', { type: "ready" }],
  ['{"type":"background","pending":2}', { type: "background", pending: 2 }],
  [
    '{"type":"failed","error":{"code":"Not A Code!","message":"m","hint":"h"}}',
    { type: "failed", error: { code: "function_failed", message: "m", hint: "h" } },
  ],
])("of a launcher's line %s only what has the form of a message is taken", (line, expected) => {
  expect(readLauncherMessage(line)).toEqual(expected as never);
});

test("a long error message is cut", () => {
  const line = JSON.stringify({ type: "failed", error: { code: "a", message: "x".repeat(100_000) } });
  const message = readLauncherMessage(line) as { error: { message: string } };
  expect(message.error.message.length).toBe(8_192);
});

test("a shell's exit code above 128 is the signal that ended its child", () => {
  expect(processEnd(137, null, true)).toEqual({ exitCode: null, signal: "SIGKILL" });
  expect(processEnd(137, null, false)).toEqual({ exitCode: 137, signal: null });
  expect(processEnd(3, null, true)).toEqual({ exitCode: 3, signal: null });
});
