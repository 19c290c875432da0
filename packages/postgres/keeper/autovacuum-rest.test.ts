import { expect, test } from "bun:test";
import { AutovacuumRest } from "./autovacuum-rest.ts";

const minuteMs = 60_000;

test("autovacuum rests after two minutes without WAL, and is back with the next byte or a broken stream", () => {
  let end: string | undefined = "0/3000000";
  let on = true;
  const rest = new AutovacuumRest({
    walEnd: () => end,
    switchAutovacuum: (wanted) => {
      on = wanted;
    },
  });
  rest.look(0);
  rest.look(2 * minuteMs - 1);
  expect(on).toBe(true);
  rest.look(2 * minuteMs);
  expect(on).toBe(false);
  end = "0/3000060";
  rest.look(3 * minuteMs);
  expect(on).toBe(true);
  rest.look(5 * minuteMs);
  expect(on).toBe(false);
  end = undefined;
  rest.look(6 * minuteMs);
  rest.look(9 * minuteMs);
  expect(on).toBe(true);
});
