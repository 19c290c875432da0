import { InvalidValueError } from "@evenkeel/model";
import { MigrationSyntaxError } from "../errors.ts";

/** The statements of a task, cut where PostgreSQL's own parser sees them end. @throws InvalidValueError */
export async function upkeepStatements(task: string, sql: string): Promise<string[]> {
  // The parser takes memory, and most keepers have no upkeep.
  const [{ loadModule }, { splitStatements }] = await Promise.all([
    import("libpg-query"),
    import("../migrations/guard/review.ts"),
  ]);
  await loadModule();
  try {
    const statements = splitStatements(task, sql).map(({ text }) => text);
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
