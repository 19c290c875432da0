import { expect, test } from "bun:test";
import { parseRecoveryTarget } from "./recovery-target.ts";

test.each([
  ["2026-03-01 14:05:09.123456+01:00", "2026-03-01 14:05:09.123456+01:00", "2026-03-01T13:05:09.123Z"],
  ["2026-03-01T13:05Z", "2026-03-01 13:05:00+00:00", "2026-03-01T13:05:00.000Z"],
  ["2026-03-01 13:05:09 UTC", "2026-03-01 13:05:09+00:00", "2026-03-01T13:05:09.000Z"],
  ["2026-03-01 13:05:09-0330", "2026-03-01 13:05:09-03:30", "2026-03-01T16:35:09.000Z"],
  ["2026-03-01 13:05:09.5+00", "2026-03-01 13:05:09.5+00:00", "2026-03-01T13:05:09.500Z"],
])("the time %s", (text, normal, utc) => {
  expect(parseRecoveryTarget(text)).toEqual({ kind: "time", text: normal, timeMs: Date.parse(utc) });
});

test("latest, an LSN, a transaction and a name are told apart", () => {
  expect(parseRecoveryTarget("latest")).toEqual({ kind: "latest" });
  expect(parseRecoveryTarget("1/A0")).toEqual({ kind: "lsn", lsn: 0x1_0000_00a0n as never });
  expect(parseRecoveryTarget("4711")).toEqual({ kind: "xid", xid: 4711n });
  expect(parseRecoveryTarget("before-cleanup")).toEqual({ kind: "name", name: "before-cleanup" });
});

test.each(["2026-03-01 14:05:09", "2026-03-01", "2026-03-01T14:05"])(
  "%s has no zone and is refused",
  (text) => {
    expect(() => parseRecoveryTarget(text)).toThrow(
      expect.objectContaining({
        code: "recovery_target_invalid",
        message: expect.stringContaining("no time zone"),
      }),
    );
  },
);

test.each(["2026-13-01 10:00Z", "2026-03-01 25:00Z", "2026-3-1Z", "", "x".repeat(64)])(
  "%p is refused",
  (text) => {
    expect(() => parseRecoveryTarget(text)).toThrow(
      expect.objectContaining({ code: "recovery_target_invalid" }),
    );
  },
);
