/** Runs in a room with the app's source: evaluates its runbook and leaves what it exports by default, as JSON, in `result.json`. */
import { writeFileSync } from "node:fs";

export type RunbookResult =
  | { kind: "value"; value: unknown }
  /** With the line of the runbook, where the error says it. */
  | { kind: "threw"; message: string; line?: number }
  /** No default export, or something in it that JSON does not have. */
  | { kind: "not_plain"; path: string; what: string };

const longestMessage = 500;
const deepest = 20;

/** Where something is that is no plain data: what `JSON.stringify` would leave out or change in silence. */
function notPlain(value: unknown, path: string, depth = 0): { path: string; what: string } | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : { path, what: String(value) };
  if (typeof value !== "object")
    return { path, what: value === undefined ? "undefined" : `a ${typeof value}` };
  if (depth >= deepest) return { path, what: `nested deeper than ${deepest} levels` };
  if (!Array.isArray(value)) {
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null)
      return { path, what: `a ${prototype?.constructor?.name ?? "strange object"}` };
  }
  for (const [key, item] of Object.entries(value)) {
    const fault = notPlain(item, path === "" ? key : `${path}.${key}`, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}

async function run(file: string): Promise<RunbookResult> {
  try {
    const exported = (await import(file)) as Record<string, unknown>;
    if (!("default" in exported)) return { kind: "not_plain", path: "", what: "nothing" };
    const value = exported["default"];
    const fault = notPlain(value, "");
    return fault ? { kind: "not_plain", ...fault } : { kind: "value", value };
  } catch (thrown) {
    // Several faults of the grammar come as one.
    const error = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const line = lineOf(error, file);
    return { kind: "threw", message: message.slice(0, longestMessage), ...(line !== undefined && { line }) };
  }
}

/** Of what was thrown: the newest frame in the file; of what cannot be parsed its place. */
function lineOf(error: unknown, file: string): number | undefined {
  const { stack, position } = error as { stack?: unknown; position?: { line?: number } };
  if (position?.line !== undefined) return position.line;
  const at = typeof stack === "string" ? stack.indexOf(`${file}:`) : -1;
  return at < 0 ? undefined : Number.parseInt((stack as string).slice(at + file.length + 1), 10);
}

const [file, resultPath] = process.argv.slice(2) as [string, string];
const result = await run(file);
writeFileSync(resultPath, JSON.stringify(result));
process.exit(0);
