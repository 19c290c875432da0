import { type Client, Query } from "pg";
import { sqlState } from "../client/session.ts";
import { MigrationFailedError } from "../errors.ts";
import type { MigrationReview, ReviewedStatement } from "./guard/review.ts";

/** https://www.postgresql.org/docs/18/errcodes-appendix.html */
export const lockNotAvailable = "55P03";
const queryCanceled = "57014";

const shownCharacters = 160;

/** How long blocking statements may hold their locks, from the first one of a migration on. */
export class BlockingBudget {
  private beganMs: number | undefined;

  constructor(private readonly limitMs: number) {}

  get running(): boolean {
    return this.beganMs !== undefined;
  }

  /** Bounds the statement by what is left; nothing before the first blocking one. */
  async spend(client: Client, { effect }: ReviewedStatement): Promise<void> {
    if (effect === "blocking") this.beganMs ??= Date.now();
    if (this.beganMs === undefined) return;
    const leftMs = Math.max(1, this.limitMs - (Date.now() - this.beganMs));
    await client.query(`SET statement_timeout = ${Math.ceil(leftMs)}`);
  }

  async end(client: Client): Promise<void> {
    if (this.beganMs !== undefined) await client.query("RESET statement_timeout");
    this.beganMs = undefined;
  }
}

/** Rows that it gives are thrown away as they come: a migration may read a table that is larger than our memory. */
export function execute(client: Client, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const query = client.query(new Query(text));
  query.on("row", () => {});
  query.on("end", () => resolve());
  query.on("error", reject);
  return promise;
}

export interface FailureFacts {
  review: MigrationReview;
  statement: ReviewedStatement;
  /** It ended because blocking statements may take only so long. */
  blockedMs: number | undefined;
  /** Who held the lock that it waited for. */
  holders: string[];
}

/** Names file, line, statement and remedy. Never the error's detail: it may hold a person's data. */
export function describeFailure(cause: unknown, facts: FailureFacts): MigrationFailedError {
  const { review, statement, blockedMs } = facts;
  const place = `${statement.file}:${lineOf(statement, cause)}`;
  const cancelled = sqlState(cause) === queryCanceled;
  const why =
    cancelled && blockedMs !== undefined
      ? `it held up others for longer than ${blockedMs / 1_000} s`
      : (cause as Error).message;
  return new MigrationFailedError(
    `Migration ${statement.migration} failed at ${place}: ${why} (${shorten(statement.text)})`,
    { hint: [remedy(cause, facts), kept(review, statement)].join(" "), cause },
  );
}

function remedy(cause: unknown, { statement, blockedMs, holders }: FailureFacts): string {
  if (sqlState(cause) === lockNotAvailable) {
    const who = holders.length > 0 ? `Held by ${holders.join("; ")}.` : "Somebody holds the table for long.";
    return `${who} End that transaction, or deploy at a quieter time.`;
  }
  if (sqlState(cause) === queryCanceled && blockedMs !== undefined) {
    const other = statement.findings.find((finding) => finding.remedy)?.remedy;
    return `${other ? `${other} ` : ""}Or have it approved: then it may take as long as it needs.`;
  }
  const hint = (cause as { hint?: string }).hint;
  return `${hint ? `${hint} ` : ""}Correct it and deploy again.`;
}

function kept(review: MigrationReview, statement: ReviewedStatement): string {
  if (review.transactional || review.statements[0] === statement)
    return "Nothing of this migration was kept.";
  return "The statements before it have stayed: it is not one transaction.";
}

/** PostgreSQL says at which character of the statement; https://www.postgresql.org/docs/18/protocol-error-fields.html */
function lineOf(statement: ReviewedStatement, cause: unknown): number {
  const position = Number((cause as { position?: string }).position ?? 1);
  return (
    statement.line +
    [...statement.text].slice(0, position - 1).filter((character) => character === "\n").length
  );
}

export function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > shownCharacters ? `${line.slice(0, shownCharacters)}…` : line;
}
