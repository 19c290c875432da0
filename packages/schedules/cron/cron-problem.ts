import { nextTime } from "./next-time.ts";

/** What is wrong with something that a person wrote, and what to write instead. */
export interface Problem {
  message: string;
  hint: string;
}

interface CronField {
  name: string;
  least: number;
  most: number;
  /** Names that other crons know. */
  words?: readonly string[];
}

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const fields: readonly CronField[] = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of the month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, words: months },
  {
    name: "day of the week",
    least: 0,
    most: 6,
    words: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
  },
];

/**
 * Why Vercel would not take a cron expression: five fields of numbers, `*`, `,`, `-` and `/`; no names; never both days at once
 * (https://vercel.com/docs/cron-jobs#cron-expressions). Also one that never comes, as the 31st of February.
 */
export function cronProblem(expression: string, timezone = "UTC"): Problem | undefined {
  const written = expression.trim().split(/\s+/);
  const shown = JSON.stringify(expression.slice(0, 80));
  if (written.length !== fields.length) {
    return {
      message: `${shown} has ${written.length === 1 ? "one field" : `${written.length} fields`}; a schedule has five`,
      hint:
        written.length === 6
          ? "Seconds cannot be scheduled: leave the first field out."
          : "Write minute, hour, day of the month, month and day of the week: 30 5 * * *",
    };
  }
  for (const [index, field] of fields.entries()) {
    const problem = fieldProblem(written[index]!, field);
    if (problem) return { ...problem, message: `${shown}: ${problem.message}` };
  }
  if (!written[2]!.startsWith("*") && !written[4]!.startsWith("*")) {
    return {
      message: `${shown} names both a day of the month and a day of the week`,
      hint: "Write * for one of them, and a second schedule for the other.",
    };
  }
  if (nextTime({ cron: expression, timezone }, Date.UTC(2024, 0, 1)) === undefined) {
    return { message: `${shown} never comes`, hint: "No month that it names has such a day." };
  }
  return undefined;
}

function fieldProblem(text: string, field: CronField): Problem | undefined {
  for (const part of text.split(",")) {
    const problem = partProblem(part, field);
    if (problem) return problem;
  }
  return undefined;
}

function partProblem(part: string, { name, least, most, words }: CronField): Problem | undefined {
  const match = /^(?:(\*)|(\d{1,4})(?:-(\d{1,4}))?)(?:\/(\d{1,4}))?$/.exec(part);
  if (!match) return unreadable(part, name, words, least);
  const [, star, from, to, step] = match;
  const outside = [from, to].find(
    (text) => text !== undefined && (Number(text) < least || Number(text) > most),
  );
  if (outside !== undefined) {
    return {
      message: `the ${name} ${outside} does not exist`,
      hint: `Use ${least} to ${most}.${name === "day of the week" && outside === "7" ? " Sunday is 0." : ""}`,
    };
  }
  if (to !== undefined && Number(from) > Number(to)) {
    return {
      message: `the ${name} range ${from}-${to} ends before it begins`,
      hint: `Write two parts: ${from}-${most},${least}-${to}`,
    };
  }
  if (step === undefined) return undefined;
  if (Number(step) === 0 || Number(step) > most) {
    return {
      message: `the ${name} step ${part} is no step`,
      hint: `Use a step of 1 to ${most}: */${name === "minute" ? 5 : 2}`,
    };
  }
  if (star === undefined && to === undefined) {
    return {
      message: `the ${name} step ${part} has no range`,
      hint: `Say where it ends: ${from}-${most}/${step}`,
    };
  }
  return undefined;
}

function unreadable(
  part: string,
  name: string,
  words: readonly string[] | undefined,
  least: number,
): Problem {
  const message = `the ${name} ${part === "" ? "is empty" : `${JSON.stringify(part.slice(0, 40))} cannot be read`}`;
  const index = words?.indexOf(part.slice(0, 3).toUpperCase()) ?? -1;
  return index >= 0
    ? { message, hint: `Names are not known at Vercel: write ${index + least}.` }
    : { message, hint: "Use numbers, *, a list 1,15, a range 1-5 or a step */10." };
}
