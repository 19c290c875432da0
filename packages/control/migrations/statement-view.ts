import type { ReviewedStatement } from "@evenkeel/postgres/migrations/guard/review";
import { shorten } from "@evenkeel/postgres/migrations/run-statement";
import type { MigrationStatement } from "../api/contract/index.ts";

export const statementView = (statement: ReviewedStatement): MigrationStatement => ({
  migration: statement.migration,
  file: statement.file,
  line: statement.line,
  text: shorten(statement.text),
  effect: statement.effect,
  reasons: statement.findings.map(({ reason }) => reason),
  remedies: remediesOf(statement),
});

/** Completes "it ...", of what makes the statement what it is. */
export const firstReason = ({ findings, effect }: ReviewedStatement): string =>
  (findings.find((finding) => finding.effect === effect) ?? findings[0])?.reason ?? "does something";

export const remediesOf = ({ findings }: ReviewedStatement): string[] => [
  ...new Set(findings.flatMap(({ remedy }) => (remedy === undefined ? [] : [remedy]))),
];

/** Of the migrations that statements belong to, in their order. */
export const namesOf = (statements: ReviewedStatement[]): string[] => [
  ...new Set(statements.map(({ migration }) => migration)),
];
