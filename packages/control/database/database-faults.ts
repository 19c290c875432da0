import pg from "pg";

/**
 * The server cannot be reached or is going away; https://www.postgresql.org/docs/18/errcodes-appendix.html. Whatever is no report of
 * the server itself comes from the connection: refused, reset, ended, timed out.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? "";
    return (
      code.startsWith("08") ||
      code.startsWith("57P") ||
      code.startsWith("58") ||
      code.startsWith("53") ||
      code === "XX000"
    );
  }
  return (
    error instanceof Error &&
    !(error instanceof TypeError || error instanceof RangeError) &&
    isOfConnection(error)
  );
}

const connectionCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTCONN",
  "EHOSTUNREACH",
  "ERR_SOCKET_CLOSED",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
]);

/** `pg` gives these plain messages and no code. */
const connectionMessages =
  /connection terminated|client (?:was closed|has encountered a connection error|is closed)|timeout exceeded when trying to connect|query read timeout|connection (?:error|ended|closed)|socket (?:closed|has been ended)|not queryable|after calling end/i;

const isOfConnection = (error: Error): boolean =>
  connectionCodes.has((error as NodeJS.ErrnoException).code ?? "") ||
  connectionMessages.test(error.message) ||
  (error instanceof AggregateError &&
    error.errors.some((inner) => inner instanceof Error && isOfConnection(inner)));

/** Deadlock and serialisation failure: the transaction did nothing and may run again. */
export const mayBeRepeated = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === "40P01" || error.code === "40001");

/** Of the constraint `constraint`, where one is named. */
export const isDuplicate = (error: unknown, constraint?: string): boolean =>
  error instanceof pg.DatabaseError &&
  error.code === "23505" &&
  (constraint === undefined || error.constraint === constraint);

export const isReferenceMissing = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === "23503";
