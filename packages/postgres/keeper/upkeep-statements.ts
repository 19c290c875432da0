import { InvalidValueError } from "@evenkeel/model";
import { MigrationSyntaxError } from "../errors.ts";
import { splitStatements } from "../migrations/guard/review.ts";
import { loadParser } from "../migrations/guard/sql-parser.ts";

/** The statements of a task, cut where PostgreSQL's own parser sees them end. @throws InvalidValueError */
export async function upkeepStatements(task: string, sql: string): Promise<string[]> {
  const parser = await loadParser();
  try {
    const statements = splitStatements(parser, task, sql).map(({ text }) => text);
    if (statements.length > 0) return statements;
  } catch (cause) {
    if (!(cause instanceof MigrationSyntaxError)) throw cause;
    throw new InvalidValueError(
      `The SQL of task ${task} cannot be read: ${cause.message.replace(/^.*?, /, "")}`,
      {
        cause,
      },
    );
  }
  throw new InvalidValueError(`The task ${task} has no statement`, { hint: 'Give SQL, such as "ANALYZE".' });
}
