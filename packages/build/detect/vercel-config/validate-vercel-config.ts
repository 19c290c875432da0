import { scheduleProblem } from "@evenkeel/schedules";
import Ajv, { type AdditionalPropertiesParams, type ErrorObject } from "ajv";
import { closest, distance } from "fastest-levenshtein";
import { VercelConfigInvalidError } from "../../errors.ts";
import { parseJsonSource } from "../json-source.ts";
import { pathText } from "./path-text.ts";
import { vercelConfigSchema } from "./vercel-config-schema.ts";

/** Compiled on first need: it takes 30 ms. */
let validator: ReturnType<Ajv.Ajv["compile"]> | undefined;

/** A key counts as a slip of another within this many changed characters. */
const slipDistance = 4;

/**
 * Checks the text of a `vercel.json`.
 *
 * @param name how the user knows the file, `apps/web/vercel.json`
 * @returns its value
 * @throws VercelConfigInvalidError (`vercel_config_invalid`) with the place, and for an unknown key the nearest known one
 */
export function validateVercelConfig(text: string, name = "vercel.json"): Record<string, unknown> {
  const source = parseJsonSource(text);
  if ("problem" in source) {
    throw new VercelConfigInvalidError(`${name} is not valid JSON: ${source.problem}`, {
      hint: "Correct the file; JSON has no comments and no comma after the last value.",
    });
  }
  // biome-ignore lint/suspicious/noAssignInExpressions: compiled once
  const validate = (validator ??= new Ajv({ allErrors: true, verbose: true, jsonPointers: true }).compile(
    vercelConfigSchema,
  ));
  if (validate(source.value)) {
    const problem = scheduleProblem(source.value as object);
    if (!problem) return source.value as Record<string, unknown>;
    const at = source.placeOf(problem.path, "value");
    throw new VercelConfigInvalidError(`${name}, ${at}: ${pathText(problem.path)}: ${problem.message}`, {
      hint: problem.hint,
    });
  }
  const error = mostTelling(validate.errors ?? []);
  const path = pathOf(error);
  const unknown = unknownKey(error);
  const at =
    unknown === undefined ? source.placeOf(path, "value") : source.placeOf([...path, unknown], "key");
  throw new VercelConfigInvalidError(`${name}, ${at}: ${sentence(error, path)}`, { hint: hintFor(error) });
}

/**
 * Of all that failed, what a person did wrong: an alternative that nearly fits says more than that none fits, and what lies deeper says
 * more than what encloses it.
 */
function mostTelling(errors: ErrorObject[]): ErrorObject {
  const rank = (error: ErrorObject) => {
    const alternatives = ["anyOf", "oneOf", "if", "not"].includes(error.keyword);
    return (
      (alternatives ? 0 : 1_000) +
      pathOf(error).length * 10 +
      (error.keyword === "additionalProperties" ? 5 : 0)
    );
  };
  return errors.reduce((best, error) => (rank(error) > rank(best) ? error : best));
}

function pathOf(error: ErrorObject): (string | number)[] {
  return error.dataPath
    .split("/")
    .slice(1)
    .map((part) => {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      return /^\d+$/.test(key) ? Number(key) : key;
    });
}

function unknownKey(error: ErrorObject): string | undefined {
  if (error.keyword !== "additionalProperties") return undefined;
  return (error.params as AdditionalPropertiesParams).additionalProperty;
}

function sentence(error: ErrorObject, path: (string | number)[]): string {
  const shown = pathText(path);
  const unknown = unknownKey(error);
  if (unknown !== undefined) return `unknown key "${unknown}"${shown && ` in ${shown}`}`;
  const allowed =
    error.keyword === "enum"
      ? `: ${(error.schema as unknown[]).map((one) => JSON.stringify(one)).join(", ")}`
      : "";
  const given = ["type", "enum", "pattern"].includes(error.keyword) ? `, and is ${brief(error.data)}` : "";
  return `${shown || "the file"} ${error.message}${allowed}${given}`;
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function hintFor(error: ErrorObject): string {
  const unknown = unknownKey(error);
  const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
  if (unknown !== undefined && known.length > 0) {
    const nearest = closest(
      unknown.toLowerCase(),
      known.map((key) => key.toLowerCase()),
    );
    const key = known.find((one) => one.toLowerCase() === nearest)!;
    if (distance(unknown.toLowerCase(), nearest) <= Math.min(slipDistance, unknown.length / 2)) {
      return `Did you mean "${key}"?`;
    }
    if (known.length <= 12) return `Known keys there: ${known.join(", ")}.`;
  }
  return "See https://vercel.com/docs/project-configuration/vercel-json for what may stand there.";
}
