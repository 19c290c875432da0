import { createHash } from "node:crypto";
import type { ParseResult, RangeVar } from "libpg-query";
import { MigrationSyntaxError } from "../../errors.ts";
import { relationName } from "./ast.ts";
import { type Effect, type Finding, opaque, worstEffect } from "./finding.ts";
import { sideEffects } from "./known-functions.ts";
import { NewObjects } from "./new-objects.ts";
import { loadParser, type SqlParser } from "./sql-parser.ts";
import { statementRules } from "./statement-rules.ts";

export interface ReviewedStatement {
  migration: string;
  file: string;
  /** First line in its file, from 1. */
  line: number;
  text: string;
  effect: Effect;
  findings: Finding[];
  /** Makes this index beside its table's writers: one that fails leaves the index behind, invalid. */
  concurrentIndex?: string;
}

export interface MigrationReview {
  migration: string;
  file: string;
  effect: Effect;
  breaksOldCode: boolean;
  /** Runs in one transaction: no statement in it forbids that, and it begins none itself. */
  transactional: boolean;
  statements: ReviewedStatement[];
}

/**
 * Reads migrations with PostgreSQL's own parser and says of each statement what it does to a database in use. An allow-list: a statement
 * kind or action that no rule knows is `opaque`, never passed. Objects that the migrations make themselves may be
 * changed freely.
 *
 * @param migrations in the order in which they will run; only those that have not run yet.
 * @throws MigrationSyntaxError
 */
export async function reviewMigrations(
  migrations: { name: string; file: string; sql: string }[],
): Promise<MigrationReview[]> {
  const parser = await loadParser();
  const objects = new NewObjects();
  return migrations.map(({ name, file, sql }) => {
    const split = withoutFrame(splitStatements(parser, file, sql));
    const statements = split.map(({ text, line, node }): ReviewedStatement => {
      const findings = reviewStatement(node, objects);
      const concurrentIndex = concurrentIndexOf(node);
      return {
        ...{ migration: name, file, line, text, effect: worstEffect(findings), findings },
        ...(concurrentIndex === undefined ? {} : { concurrentIndex }),
      };
    });
    return {
      migration: name,
      file,
      effect: worstEffect(statements),
      breaksOldCode: statements.some(({ findings }) => findings.some((finding) => finding.breaksOldCode)),
      transactional: !split.some(({ node }) => forbidsTransaction(node)),
      statements,
    };
  });
}

/** A file that is one transaction of its own, `BEGIN; …; COMMIT;`, runs in ours instead, together with its row in the ledger. */
function withoutFrame(statements: SplitStatement[]): SplitStatement[] {
  const kindOf = (statement: SplitStatement | undefined) =>
    (statement?.node["TransactionStmt"] as { kind?: string } | undefined)?.kind;
  const begins = /^TRANS_STMT_(BEGIN|START)$/.test(kindOf(statements[0]) ?? "");
  const ends = kindOf(statements.at(-1)) === "TRANS_STMT_COMMIT";
  const inner = statements.slice(1, -1);
  return begins && ends && inner.every((statement) => kindOf(statement) === undefined) ? inner : statements;
}

function concurrentIndexOf({ IndexStmt: statement }: StatementNode): string | undefined {
  if (!statement?.["concurrent"] || typeof statement["idxname"] !== "string") return undefined;
  return `${relationName(statement["relation"] as RangeVar).split(".")[0]}.${statement["idxname"]}`;
}

type StatementNode = Record<string, Record<string, unknown>>;

function reviewStatement(node: StatementNode, objects: NewObjects): Finding[] {
  const [kind, content] = Object.entries(node)[0]!;
  const rule = statementRules[kind as keyof typeof statementRules] as
    | ((statement: unknown, objects: NewObjects) => Finding[])
    | undefined;
  if (rule) return rule(content, objects);
  const name = kind
    .replace(/Stmt$/, "")
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toUpperCase();
  return [opaque(`is a ${name} statement, whose effect is not known`), ...sideEffects(content)];
}

interface SplitStatement {
  text: string;
  line: number;
  node: StatementNode;
}

/** Cuts a file where the parser sees statements end. Its positions count bytes. */
export function splitStatements(parser: SqlParser, file: string, sql: string): SplitStatement[] {
  const bytes = Buffer.from(sql);
  return (parse(parser, file, sql).stmts ?? []).map(({ stmt, stmt_location = 0, stmt_len }) => {
    const raw = bytes.subarray(stmt_location, stmt_len ? stmt_location + stmt_len : undefined).toString();
    const text = raw.trim();
    const before = bytes.subarray(0, stmt_location).toString() + raw.slice(0, raw.indexOf(text));
    return { text, line: before.split("\n").length, node: stmt as unknown as StatementNode };
  });
}

function parse(parser: SqlParser, file: string, sql: string): ParseResult {
  if (sql.trim() === "") return { stmts: [] };
  try {
    return parser.parseSync(sql);
  } catch (error) {
    if (!parser.hasSqlDetails(error)) throw error;
    const position = error.sqlDetails?.cursorPosition ?? 0;
    const line = Buffer.from(sql).subarray(0, position).toString().split("\n").length;
    throw new MigrationSyntaxError(`${file}:${line} is no SQL: ${error.message}`, {
      hint: "Nothing was run. Correct the statement; psql's own commands (\\i, \\copy) are no SQL.",
    });
  }
}

/** https://www.postgresql.org/docs/18/sql-createindex.html and others: "cannot run inside a transaction block". */
function forbidsTransaction(node: StatementNode): boolean {
  const [kind, content] = Object.entries(node)[0]!;
  switch (kind) {
    case "TransactionStmt":
    case "VacuumStmt":
    case "CreatedbStmt":
    case "DropdbStmt":
    case "AlterSystemStmt":
    case "CreateTableSpaceStmt":
    case "DropTableSpaceStmt":
      return true;
    case "IndexStmt":
    case "DropStmt":
      return content["concurrent"] === true;
    case "ReindexStmt":
      return JSON.stringify(content["params"] ?? "").includes("concurrently");
    case "AlterTableStmt":
      return JSON.stringify(content["cmds"] ?? "").includes('"concurrent":true');
    default:
      return false;
  }
}

/** What an approval is about: everything that is not additive. */
export const needsApproval = (reviews: MigrationReview[]): ReviewedStatement[] =>
  reviews.flatMap((review) => review.statements).filter((statement) => statement.effect !== "additive");

/**
 * Names exactly these statements: an approval of them is none of others. To be stored with who approved, when and why.
 */
export function approvalKey(statements: ReviewedStatement[]): string {
  const hash = createHash("sha256");
  for (const { migration, text, effect } of statements) hash.update(`${migration}\0${effect}\0${text}\0`);
  return hash.digest("hex").slice(0, 32);
}
