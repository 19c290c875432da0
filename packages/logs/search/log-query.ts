import { type DeploymentId, type EnvironmentName, InvalidValueError } from "@evenkeel/model";
import { LogQueryInvalidError } from "../errors.ts";
import { canonicalField } from "../intake/field-names.ts";
import { type LogLevel, levelsFrom } from "../line/log-level.ts";
import type { LogRecord, LogSource } from "../line/log-line.ts";

/** Which lines are wanted; all conditions hold. */
export interface LogQuery {
  /** Inclusive, milliseconds. */
  sinceMs?: number;
  /** Exclusive. */
  untilMs?: number;
  /** This one and all more severe. */
  level?: LogLevel;
  environment?: EnvironmentName;
  deployment?: DeploymentId;
  /** Only what builds printed, or only what they did not. */
  build?: boolean;
  /** Only what these processes of the platform wrote. */
  writers?: string[];
  /** Stands anywhere in the line or its fields, in capitals or not. */
  text?: string;
  /** Equal, as text: `{ status: "500" }`. A dot leads into an object: `req.method`. */
  fields?: Record<string, string>;
}

/** Reads `status=500`. */
export function readFieldCondition(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals < 1) {
    throw new LogQueryInvalidError(
      `The condition ${JSON.stringify(text.slice(0, 80))} has no name and value`,
      {
        hint: "Write NAME=VALUE, such as status=500.",
      },
    );
  }
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** A query made ready to be asked of many lines. */
export class LineTest {
  readonly levels: number;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** One of each group has to stand in a block, or none of its lines is wanted. */
  readonly needles: string[][];
  private readonly text: RegExp | undefined;
  private readonly fields: [name: string, path: string[], value: string][];

  constructor(readonly query: LogQuery) {
    this.levels = query.level === undefined ? 0b111111 : levelsFrom(query.level);
    this.sinceMs = query.sinceMs ?? Number.NEGATIVE_INFINITY;
    this.untilMs = query.untilMs ?? Number.POSITIVE_INFINITY;
    if (this.sinceMs > this.untilMs) throw new InvalidValueError("The time searched ends before it begins");
    // Not the flag u: with it, signs beyond ASCII would equal ASCII letters, which the filter of blocks does not know.
    this.text = query.text
      ? new RegExp(
          textNeedles(query.text)
            .map((needle) => RegExp.escape(needle))
            .join("|"),
          "i",
        )
      : undefined;
    this.fields = Object.entries(query.fields ?? {}).map(([name, value]) => {
      const canonical = canonicalField(name);
      return [canonical, canonical.split("."), value];
    });
    this.needles = [
      ...(query.text ? [textNeedles(query.text)] : []),
      ...this.fields.map(([name, path, value]) =>
        name === "requestId" ? [value] : fieldNeedles(path.at(-1)!, value),
      ),
      ...(query.deployment ? [[`"deployment":"${query.deployment}"`]] : []),
      ...(query.environment ? [[`"environment":"${query.environment}"`]] : []),
      ...(query.build ? [[`"build":true`]] : []),
    ];
  }

  /** Lines in which one of these stands are worth a closer look; undefined: all are. */
  get pattern(): RegExp | undefined {
    if (this.text) return new RegExp(this.text, "gi");
    const [field] = this.fields;
    if (!field) return undefined;
    const needles = field[0] === "requestId" ? [field[2]] : fieldNeedles(field[1].at(-1)!, field[2]);
    return new RegExp(needles.map((needle) => RegExp.escape(needle)).join("|"), "g");
  }

  /** Whether blocks of the given time and levels can hold a line that is wanted. */
  mayWant({ fromMs, toMs, levels }: { fromMs: number; toMs: number; levels: number }): boolean {
    return toMs >= this.sinceMs && fromMs < this.untilMs && (levels & this.levels) !== 0;
  }

  wantsWriter(writer: string): boolean {
    return this.query.writers?.includes(writer) ?? true;
  }

  get hasFields(): boolean {
    return this.fields.length > 0;
  }

  wantsSource(source: LogSource): boolean {
    const { environment, deployment, build } = this.query;
    return (
      (environment === undefined || source.environment === environment) &&
      (deployment === undefined || source.deployment === deployment) &&
      (build === undefined || (source.build === true) === build)
    );
  }

  wantsFields(record: Pick<LogRecord, "fields" | "requestId">): boolean {
    let parsed: Record<string, unknown> | undefined;
    return this.fields.every(([name, path, value]) => {
      if (name === "requestId" && record.requestId === value) return true;
      if (record.fields === "") return false;
      parsed ??= JSON.parse(record.fields) as Record<string, unknown>;
      return asText(valueAt(parsed, name, path)) === value;
    });
  }

  wants(record: LogRecord): boolean {
    return (
      (this.levels & (1 << record.level)) !== 0 &&
      record.atMs >= this.sinceMs &&
      record.atMs < this.untilMs &&
      this.wantsSource(record.source) &&
      (this.text === undefined ||
        this.text.test(record.text) ||
        this.text.test(record.fields) ||
        this.text.test(record.requestId)) &&
      (this.fields.length === 0 || this.wantsFields(record))
    );
  }
}

/** A text with quotes or backslashes stands in a line as it is, and in its fields as JSON writes it. */
function textNeedles(text: string): string[] {
  const escaped = JSON.stringify(text).slice(1, -1);
  return escaped === text ? [text] : [text, escaped];
}

/** How a field of that value stands in JSON, be it a number or a string; its name may be the end of one with dots. */
const fieldNeedles = (name: string, value: string): string[] =>
  [value, JSON.stringify(value)].map((shown) => `${JSON.stringify(name).slice(1)}:${shown}`);

function valueAt(fields: Record<string, unknown>, name: string, path: string[]): unknown {
  if (name in fields) return fields[name];
  let value: unknown = fields;
  for (const part of path) {
    if (value === null || typeof value !== "object") return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function asText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return value === undefined ? undefined : JSON.stringify(value);
}
