import type { Node, RangeVar } from "libpg-query";
import { relationName, shownName, textsOf, walk } from "./ast.ts";
import type { Finding } from "./finding.ts";
import { blocking, destructive, opaque } from "./finding.ts";

/** Give one value for a whole statement, so a column that gets it as default needs no rewrite of the table. */
const stable = new Set([
  "now",
  "transaction_timestamp",
  "statement_timestamp",
  "current_setting",
  "timezone",
  "date_trunc",
  "lower",
  "upper",
  "concat",
  "to_timestamp",
  "make_interval",
  "jsonb_build_object",
  "jsonb_build_array",
  "json_build_object",
  "json_build_array",
  "array_fill",
]);

/** Change nothing beside their result. */
const harmless = new Set([
  ...stable,
  "clock_timestamp",
  "random",
  "gen_random_uuid",
  "uuid_generate_v4",
  "uuidv4",
  "uuidv7",
  "nextval",
  "currval",
  "lastval",
  "setval",
  "version",
  "current_database",
  "current_schema",
  "to_regclass",
  "pg_get_serial_sequence",
  "generate_series",
  "count",
  "sum",
  "min",
  "max",
  "avg",
  "array_agg",
  "string_agg",
  "jsonb_agg",
  "json_agg",
  "unnest",
  "md5",
  "encode",
  "decode",
  "digest",
  "crypt",
  "gen_salt",
  "length",
  "char_length",
  "substring",
  "substr",
  "replace",
  "regexp_replace",
  "split_part",
  "trim",
  "btrim",
  "ltrim",
  "rtrim",
  "lpad",
  "rpad",
  "left",
  "right",
  "initcap",
  "format",
  "quote_ident",
  "quote_literal",
  "to_char",
  "to_date",
  "to_number",
  "to_json",
  "to_jsonb",
  "to_tsvector",
  "date_part",
  "extract",
  "age",
  "abs",
  "round",
  "floor",
  "ceil",
  "mod",
  "power",
  "sqrt",
  "row_number",
  "rank",
  "dense_rank",
  "lag",
  "lead",
  "first_value",
  "last_value",
]);

/** Functions that an expression calls, by name; those of other schemas than PostgreSQL's with their schema. */
export function calledFunctions(node: unknown): string[] {
  const names: string[] = [];
  walk(node, (kind, content) => {
    if (kind !== "FuncCall") return;
    const parts = textsOf(content["funcname"] as Node[]);
    names.push(parts.length > 1 && parts[0] !== "pg_catalog" ? parts.join(".") : parts.at(-1)!);
  });
  return names;
}

/** Whether a default is one value for all rows. */
export const isStableExpression = (node: unknown): boolean =>
  calledFunctions(node).every((name) => stable.has(name));

/** What a query does beside giving rows: data-modifying parts of WITH, and calls of functions we do not know. */
export function sideEffects(node: unknown): Finding[] {
  const findings: Finding[] = [];
  walk(node, (kind, content) => {
    const table = shownName(relationName(content["relation"] as RangeVar | undefined));
    if (kind === "DeleteStmt") findings.push(destructive(`deletes rows of ${table}`));
    else if (kind === "UpdateStmt") findings.push(destructive(`overwrites data of ${table}`));
    else if (kind === "MergeStmt") findings.push(destructive(`merges into ${table}`));
    else if (kind === "InsertStmt" && updatesOnConflict(content)) {
      findings.push(destructive(`overwrites rows of ${table} on conflict`));
    } else if (kind === "LockingClause") findings.push(blocking("locks rows"));
  });
  for (const name of calledFunctions(node)) {
    if (!harmless.has(name)) findings.push(opaque(`calls ${name}(), which may do anything`));
  }
  return findings;
}

const updatesOnConflict = (insert: Record<string, unknown>): boolean =>
  (insert["onConflictClause"] as { action?: string } | undefined)?.action === "ONCONFLICT_UPDATE";
