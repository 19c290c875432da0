import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { formatRecoveryKey, parseRecoveryKey } from "./recovery-key.ts";

test("a recovery key is found in its file, also when it was typed in capitals, and a wrong digit is noticed", () => {
  const key = randomBytes(32);
  const text = formatRecoveryKey(key);
  expect(Buffer.from(parseRecoveryKey(`Recovery key of shop, 2026-03-01.\n\n${text}\n`))).toEqual(key);
  expect(Buffer.from(parseRecoveryKey(text.toUpperCase()))).toEqual(key);
  for (const at of [30, 60, text.length - 1]) {
    const digit = text[at] === "0" ? "1" : "0";
    if (text[at] === "-") continue;
    const wrong = text.slice(0, at) + digit + text.slice(at + 1);
    expect(() => parseRecoveryKey(wrong)).toThrow(expect.objectContaining({ code: "recovery_key_invalid" }));
  }
  expect(() => parseRecoveryKey(text.slice(0, -1))).toThrow("holds no recovery key");
  expect(() => parseRecoveryKey("")).toThrow("holds no recovery key");
});
