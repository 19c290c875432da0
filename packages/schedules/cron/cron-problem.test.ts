import { expect, test } from "bun:test";
import { cronProblem } from "./cron-problem.ts";

test.each([
  "* * * * *",
  "0 5 * * *",
  "*/5 0-6 * * *",
  "0,15,30-40/5 1 1 1-12/3 *",
  " 0  0 * * 0 ",
  "59 23 31 12 *",
])("%p is an expression", (expression) => {
  expect(cronProblem(expression)).toBeUndefined();
});

test.each([
  ["* * * * * *", "has 6 fields", "leave the first field out"],
  ["31 2 *", "has 3 fields", "minute, hour"],
  ["daily", "has one field", "minute, hour"],
  ["60 * * * *", "the minute 60 does not exist", "0 to 59"],
  ["0 24 * * *", "the hour 24 does not exist", "0 to 23"],
  ["0 0 0 * *", "the day of the month 0 does not exist", "1 to 31"],
  ["0 0 * 13 *", "the month 13 does not exist", "1 to 12"],
  ["0 0 * * 7", "the day of the week 7 does not exist", "Sunday is 0"],
  ["*/0 * * * *", "the minute step */0 is no step", "1 to 59"],
  ["5/15 * * * *", "has no range", "5-59/15"],
  ["50-10 * * * *", "ends before it begins", "50-59,0-10"],
  ["0 0 * * MON", 'the day of the week "MON" cannot be read', "write 1"],
  ["0 0 * feb *", 'the month "feb" cannot be read', "write 2"],
  ["0 0 L * *", 'the day of the month "L" cannot be read', "Use numbers"],
  ["1,,2 * * * *", "the minute is empty", "Use numbers"],
  ["-1 * * * *", 'the minute "-1" cannot be read', "Use numbers"],
  ["0 0 1 * 1", "both a day of the month and a day of the week", "second schedule"],
  ["0 0 31 2 *", "never comes", "No month"],
])("%p is refused with what is wrong and what to write", (expression, message, hint) => {
  const problem = cronProblem(expression);
  expect(problem?.message).toContain(message);
  expect(problem?.hint).toContain(hint);
});
