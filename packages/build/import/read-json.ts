import { readFileSync } from "node:fs";
import type { z } from "zod";
import { OutputInvalidError } from "../errors.ts";

const largestBytes = 64 * 1024 * 1024;

/** A JSON file of an output, checked. `path` is resolved; `shown` is how the error names it. */
export function readJson<Schema extends z.ZodType>(
  path: string,
  sizeBytes: number,
  shown: string,
  schema: Schema,
): z.output<Schema> {
  if (sizeBytes > largestBytes)
    throw new OutputInvalidError(`${shown} has ${sizeBytes} bytes, which is too much for it`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new OutputInvalidError(`${shown} is not JSON: ${(cause as Error).message}`, { cause });
  }
  return check(value, shown, schema);
}

/** @throws OutputInvalidError naming the place within the value, `config.json: routes[3].status: …` */
export function check<Schema extends z.ZodType>(
  value: unknown,
  shown: string,
  schema: Schema,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const place = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  throw new OutputInvalidError(`${shown}${place && `: ${place.replace(/^\./, "")}`}: ${issue.message}`, {
    hint: "See https://vercel.com/docs/build-output-api/v3 for what may stand there.",
  });
}
