import { localTime, type OnCallPlan } from "@evenkeel/runbook";

/** The rotation at a moment: who has the turn first, then who is called after them. Pure. */
export function onCallAt(
  { rotation, handover }: Pick<OnCallPlan, "rotation" | "handover">,
  atMs: number,
): string[] {
  const { weekday, minuteOfDay, timezone } = handover;
  const now = localTime(atMs, timezone);
  // The day of the newest handover: today's is not over before its time.
  const day = now.day - (now.minuteOfDay < minuteOfDay ? 1 : 0);
  // 1970-01-04 was a Sunday.
  const turns = weekday === undefined ? day : Math.floor((day - 3 - weekday) / 7);
  const first = ((turns % rotation.length) + rotation.length) % rotation.length;
  return [...rotation.slice(first), ...rotation.slice(0, first)];
}
