import { EvenkeelError } from "@evenkeel/model";
import { z } from "zod";
import { type RunbookFault, RunbookInvalidError } from "../errors.ts";
import { clauseKinds } from "../kinds/index.ts";
import { byHandSchema } from "./by-hand.ts";
import type { Clause, ClauseDraft, ClauseKind, Tracked } from "./clause.ts";
import type { AppMetric } from "./measure.ts";
import { metricsSchema } from "./metrics-schema.ts";
import { nearest } from "./nearest.ts";
import { emptyPlan, type RunbookPlan } from "./runbook-plan.ts";
import { type SourceLines, sourceLines } from "./source-lines.ts";

/** A runbook that is whole and can be enforced. */
export interface CompiledRunbook {
  clauses: Clause[];
  plan: RunbookPlan;
  metrics: Record<string, AppMetric>;
}

export interface RunbookSource {
  /** As people know it: `runbook.ts`. */
  file: string;
  /** What it exports by default, as JSON. */
  value: unknown;
  /** For the lines of what is wrong. */
  text?: string;
}

/** A file of more has stopped being read by people. */
const mostClauses = 2_000;

const ownKeys = ["metrics", "byHand"];
const kinds: Record<string, ClauseKind> = clauseKinds as unknown as Record<string, ClauseKind>;
/** Keys as other documents call the same. */
const knownKeys = [...Object.keys(kinds), ...ownKeys];

/**
 * Checks a runbook and makes clauses of it. All that is wrong is told at once, with its lines.
 *
 * @throws RunbookInvalidError
 */
export function readRunbook(source: RunbookSource): CompiledRunbook {
  return new RunbookReader(source).read();
}

class RunbookReader {
  private readonly faults: RunbookFault[] = [];
  private readonly lines: SourceLines;
  private readonly clauses: Clause[] = [];
  private readonly refers: { clause: Clause; to: string }[] = [];
  private readonly plan = emptyPlan();

  constructor(private readonly source: RunbookSource) {
    this.lines = sourceLines(source.text ?? "");
  }

  read(): CompiledRunbook {
    const { value, file } = this.source;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.refuse([], "its default export is not an object");
      throw new RunbookInvalidError(file, this.faults);
    }
    for (const key of Object.keys(value)) if (!knownKeys.includes(key)) this.refuseKey([], key, knownKeys);
    const given = value as Record<string, unknown>;
    const metrics = this.readMetrics(given["metrics"]);
    const byHand = this.check(byHandSchema, given["byHand"] ?? {}, ["byHand"]) ?? {};
    for (const [key, kind] of Object.entries(kinds))
      if (given[key] !== undefined) this.readSection(kind, given[key], metrics);
    if (this.clauses.length > mostClauses) this.refuse([], `it has more than ${mostClauses} clauses`);
    this.resolveReferences();
    this.assign(byHand);
    if (this.faults.length > 0) throw new RunbookInvalidError(file, this.faults);
    return { clauses: this.clauses, plan: this.plan, metrics };
  }

  private readMetrics(given: unknown): Record<string, AppMetric> {
    const read = this.check(metricsSchema, given ?? {}, ["metrics"]) ?? {};
    return Object.fromEntries(
      Object.entries(read).map(([name, metric]) => [
        name,
        typeof metric === "string" ? { kind: metric } : (metric as AppMetric),
      ]),
    );
  }

  private readSection(kind: ClauseKind, given: unknown, metrics: Record<string, AppMetric>): void {
    const section = this.check(kind.schema, given, [kind.key]);
    if (section === undefined) return;
    const { clauses, plan = {} } = kind.read(section, {
      metrics,
      read: (path, read) => {
        try {
          return read();
        } catch (error) {
          if (!(error instanceof EvenkeelError)) throw error;
          this.refuse(
            [kind.key, ...path],
            error.hint ? `${error.message.replace(/[?.]$/, "")}. ${error.hint}` : error.message,
          );
          return undefined;
        }
      },
      refuse: (path, message) => this.refuse([kind.key, ...path], message),
    });
    merge(this.plan, plan);
    for (const draft of clauses) this.add(kind, draft);
  }

  private add(kind: ClauseKind, { path, refersTo, ...draft }: ClauseDraft): void {
    const full = [kind.key, ...path];
    const clause: Clause = {
      ...{ id: idOf(full), kind: kind.name, exercised: kind.exercised, line: this.lines.lineOf(full) },
      ...draft,
    };
    this.clauses.push(clause);
    if (refersTo !== undefined) this.refers.push({ clause, to: refersTo });
  }

  private resolveReferences(): void {
    for (const { clause, to } of this.refers) {
      const target = this.clauses.find((other) => other !== clause && isWithin(other.id, to));
      if (!target) {
        const guess = nearest(to, new Set(this.clauses.flatMap(({ id }) => [id, id.split(".")[0]!])));
        this.fault(clause.id, clause.line, `names ${to}, which is no clause${suggestion(guess)}`);
      }
    }
  }

  /** Every clause is enforced, or has an owner and a date. */
  private assign(byHand: Record<string, Tracked>): void {
    const used = new Set<string>();
    for (const clause of this.clauses) {
      if (clause.enforced.by !== "person" && clause.enforced.by !== "nothing") continue;
      // The most particular one counts.
      const name = Object.keys(byHand)
        .filter((prefix) => isWithin(clause.id, prefix))
        .sort((one, other) => other.length - one.length)[0];
      if (name === undefined) {
        this.fault(
          clause.id,
          clause.line,
          `${clause.enforced.by === "person" ? "needs a person" : "is enforced by nothing"} (${clause.enforced.how}): give it an owner and a due date in \`byHand\``,
        );
        continue;
      }
      used.add(name);
      clause.byHand = byHand[name]!;
    }
    // Where clauses could not be read, an owner may be of one of them.
    if (this.faults.length > 0) return;
    for (const name of Object.keys(byHand)) {
      if (used.has(name)) continue;
      const known = this.clauses.some(({ id }) => isWithin(id, name));
      const guess = known
        ? undefined
        : nearest(
            name,
            this.clauses.map(({ id }) => id),
          );
      this.refuse(
        ["byHand", name],
        known
          ? "is enforced without a person: leave it out"
          : `is no clause of this runbook${suggestion(guess)}`,
      );
    }
  }

  private check<Schema extends z.ZodType>(
    schema: Schema,
    value: unknown,
    base: (string | number)[],
  ): z.output<Schema> | undefined {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.tell(issue, base, schema);
    return undefined;
  }

  private tell(issue: z.core.$ZodIssue, base: (string | number)[], schema: z.ZodType): void {
    const path = [...base, ...(issue.path as (string | number)[])];
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys)
        this.refuseKey(path, key, keysAt(schema, issue.path as (string | number)[]));
    } else if (issue.code === "invalid_key") {
      this.refuse(path, issue.issues[0]?.message ?? issue.message);
    } else if (issue.code === "invalid_union") {
      // The branch that came furthest is the one that was meant.
      const branches = issue.errors.toSorted((one, other) => depth(other) - depth(one));
      const best = branches[0] ?? [];
      if (depth(best) === 0 || best.length === 0)
        this.refuse(path, "is written in a form that is not known here");
      else
        for (const inner of best) this.tell({ ...inner, path: [...issue.path, ...inner.path] }, base, schema);
    } else {
      this.refuse(path, issue.message);
    }
  }

  private refuseKey(path: (string | number)[], key: string, known: string[]): void {
    const guess = nearest(key, known);
    const all = known.length > 0 && known.length <= 12 ? `; known are ${known.join(", ")}` : "";
    this.refuse([...path, key], `is not known here${guess === undefined ? all : suggestion(guess)}`);
  }

  private refuse(path: (string | number)[], message: string): void {
    this.fault(idOf(path), this.lines.lineOf(path), message);
  }

  private fault(path: string, line: number, message: string): void {
    const { file } = this.source;
    this.faults.push({ place: line > 0 ? `${file}:${line}` : file, path, message });
  }
}

const suggestion = (guess: string | undefined): string =>
  guess === undefined ? "" : `; did you mean "${guess}"?`;

const idOf = (path: readonly (string | number)[]): string => path.join(".");

/** `rollbackTriggers` holds `rollbackTriggers.error_rate`. */
const isWithin = (id: string, prefix: string): boolean => id === prefix || id.startsWith(`${prefix}.`);

/** How much of a branch of a union fits: an unknown key says that the rest was right. */
const depth = (issues: readonly z.core.$ZodIssue[]): number =>
  Math.min(
    ...issues.map((issue) => issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0)),
    issues.length === 0 ? 0 : Number.POSITIVE_INFINITY,
  );

/** The keys that an object at a path of a schema may have. */
function keysAt(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  const [part, ...rest] = path;
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap() as z.ZodType, path);
  if (schema instanceof z.ZodUnion)
    return schema.options.flatMap((option) => keysAt(option as z.ZodType, path));
  if (schema instanceof z.ZodRecord)
    return part === undefined ? recordKeys(schema) : keysAt(schema.valueType as z.ZodType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  if (part === undefined) return Object.keys(schema.shape);
  const inner = schema.shape[part] ?? schema.def.catchall;
  return inner ? keysAt(inner as z.ZodType, rest) : [];
}

const recordKeys = (schema: z.ZodRecord): string[] =>
  schema.keyType instanceof z.ZodEnum ? schema.keyType.options.map(String) : [];

function merge(plan: RunbookPlan, { database, ...part }: Partial<RunbookPlan>): void {
  Object.assign(plan, part);
  if (!database) return;
  const { backups, upkeep, ...rest } = database;
  plan.database.backups.push(...backups);
  plan.database.upkeep.push(...upkeep);
  for (const [name, value] of Object.entries(rest) as ["rpoMs", number][]) {
    // Several sections may speak of it: the stricter one counts, and of what is kept the longer.
    const other = plan.database[name];
    const stricter = (name as string) === "pointInTimeMs" ? Math.max : Math.min;
    plan.database[name] = other === undefined ? value : stricter(other, value);
  }
}
