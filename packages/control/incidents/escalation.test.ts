import { expect, test } from "bun:test";
import { isBusinessTime, usualBusinessHours } from "@evenkeel/runbook";
import { beginEscalation, type EscalationPolicy, type EscalationState, takeStep } from "./escalation.ts";
import { onCallAt } from "./on-call.ts";
import { usualClasses } from "./severity-classes.ts";

const minute = 60_000;
const start = Date.parse("2026-11-18T12:00:00Z");
const of = (index: number, people = 3): EscalationPolicy => ({
  ...{ severity: usualClasses[index]!, hours: usualBusinessHours, people },
});

/** Every call until a moment, as [minutes after the opening, people]. */
function calls(
  policy: EscalationPolicy,
  openedAtMs: number,
  untilMs: number,
  everyMs = minute,
): [number, number][] {
  const made: [number, number][] = [];
  let state = beginEscalation(openedAtMs, policy);
  for (let nowMs = openedAtMs; nowMs <= untilMs; nowMs += everyMs) {
    const taken = takeStep(state, nowMs, policy);
    if (!taken) continue;
    made.push([(nowMs - openedAtMs) / minute, taken.people]);
    state = taken.state;
  }
  return made;
}

test("each class calls as the runbook says", () => {
  expect(calls(of(0), start, start + 45 * minute)).toEqual([
    [0, 2],
    [15, 3],
    [30, 3],
    [45, 3],
  ]);
  expect(calls(of(1), start, start + 180 * minute)).toEqual([
    [0, 1],
    [60, 2],
    [120, 3],
    [180, 3],
  ]);
  // At noon it is answered on the same day; more people hear of it on the next one.
  expect(calls(of(2), start, start + 24 * 60 * minute)).toEqual(
    [
      [0, 1],
      [240, 1],
      [21 * 60, 3],
    ].map(([at, people]) => [at!, people!]) as never,
  );
});

test("at night nobody is called of what can wait", () => {
  const night = Date.parse("2026-11-20T23:00:00Z");
  const [[first]] = calls(of(2), night, night + 4 * 24 * 60 * minute) as [[number, number]];
  expect(new Date(night + first * minute).toISOString()).toBe("2026-11-23T09:00:00.000Z");
  expect(calls(of(0), night, night)).toEqual([[0, 2]]);
});

test("whatever happens, no step is taken twice, nobody is forgotten, and who is called stays called", () => {
  let seed = 7;
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return seed / 0x7fff_ffff;
  };
  for (let run = 0; run < 3_000; run++) {
    const policy = of(Math.floor(random() * 3), Math.floor(random() * 5));
    const openedAtMs = start + Math.floor(random() * 7 * 24 * 60) * minute;
    let state: EscalationState = beginEscalation(openedAtMs, policy);
    let nowMs = openedAtMs;
    let lastStep = -1;
    let most = 0;
    for (let look = 0; look < 60; look++) {
      // Clocks jump ahead and back; control is away for hours.
      nowMs += Math.floor((random() - 0.15) * (random() < 0.1 ? 600 : 20) * minute);
      const before = structuredClone(state);
      const taken = takeStep(state, nowMs, policy);
      expect(state).toEqual(before);
      if (!taken) {
        expect(nowMs).toBeLessThan(state.nextAtMs);
        continue;
      }
      expect(taken.step).toBeGreaterThan(lastStep);
      expect(taken.state.nextAtMs).toBeGreaterThan(Math.min(nowMs, state.nextAtMs));
      expect(taken.state.nextAtMs).toBeGreaterThan(nowMs);
      expect(taken.people).toBeGreaterThanOrEqual(1);
      expect(taken.people).toBeLessThanOrEqual(Math.max(1, policy.people));
      if (policy.severity.escalation.kind === "immediate") {
        expect(taken.people).toBeGreaterThanOrEqual(most);
        most = taken.people;
      }
      if (policy.severity.escalation.kind === "next_business_day")
        expect(isBusinessTime(policy.hours, taken.state.nextAtMs)).toBe(true);
      // A crash before the commit finds the same step, one after it finds it taken.
      expect(takeStep(before, nowMs, policy)).toEqual(taken);
      expect(takeStep(taken.state, nowMs, policy)).toBeUndefined();
      lastStep = taken.step;
      state = taken.state;
    }
  }
});

test("the turn goes round at the handover, in its zone", () => {
  const weekly = {
    rotation: ["ada", "ben", "cleo"],
    handover: { weekday: 1, minuteOfDay: 9 * 60, timezone: "Europe/Berlin" },
  };
  const before = onCallAt(weekly, Date.parse("2026-11-23T07:59:00Z"));
  const after = onCallAt(weekly, Date.parse("2026-11-23T08:00:00Z"));
  expect(after).toEqual([before[1]!, before[2]!, before[0]!]);
  expect(onCallAt(weekly, Date.parse("2026-11-29T23:00:00Z"))).toEqual(after);
  const daily = { rotation: ["ada", "ben"], handover: { minuteOfDay: 0, timezone: "UTC" } };
  expect(onCallAt(daily, start)[0]).not.toBe(onCallAt(daily, start + 24 * 60 * minute)[0]);
});
