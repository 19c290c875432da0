import { expect, test } from "bun:test";
import { afterCheck, type FallbackState, firstState } from "./fallback-state.ts";
import { serviceAnswers } from "./service-answers.ts";

const plan = { failures: 3, recoverAfterMs: 60_000 };
const second = 1_000;

/** The state after checks ten seconds apart. */
function through(state: FallbackState, checks: boolean[], fromMs: number): FallbackState {
  return checks.reduce(
    (now, answers, index) => afterCheck(now, answers, plan, fromMs + index * 10 * second),
    state,
  );
}

test("apps change over after so many failures in a row, and one answer between begins the count anew", () => {
  const up = firstState(0);
  expect(through(up, [false, false], 0).isAway).toBe(false);
  expect(through(up, [false, false, true, false, false], 0).isAway).toBe(false);
  expect(through(up, [false, false, false], 0)).toMatchObject({ isAway: true, sinceMs: 20 * second });
});

test("they go back only when the service has answered without a failure for its time", () => {
  const away = through(firstState(0), [false, false, false], 0);
  const answered = Array<boolean>(6).fill(true);
  expect(through(away, answered, 100 * second).isAway).toBe(true);
  expect(through(away, [...answered, true], 100 * second)).toEqual(firstState(160 * second));
  // It comes and goes: nobody changes over with it.
  expect(through(away, [true, true, false, true, true, true, true, true, true], 100 * second).isAway).toBe(
    true,
  );
});

test("a service is there when it answers anything but that it cannot", async () => {
  let status = 200;
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("", { status }) });
  const service = { url: server.url.href, timeoutMs: 5_000 };
  try {
    for (const [given, answers] of [
      [200, true],
      [302, true],
      [401, true],
      [429, false],
      [503, false],
    ] as const) {
      status = given;
      expect([given, await serviceAnswers(service)]).toEqual([given, answers]);
    }
  } finally {
    await server.stop(true);
  }
  expect(await serviceAnswers(service)).toBe(false);
});
