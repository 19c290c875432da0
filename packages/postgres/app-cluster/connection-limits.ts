import { sqlState } from "../client/session.ts";
import { ConnectionLimitError } from "../errors.ts";

/** Superuser's slots, which no app can take: backup, WAL receiver, migrations' watch, `db psql` in an emergency. */
export const reservedConnections = 8;

export interface ConnectionLimits {
  /** `max_connections` of the server. */
  server: number;
  /** `CONNECTION LIMIT` of the app's role. */
  app: number;
}

/** @param app how many connections all instances of an app may hold together; default 52. */
export const connectionLimits = (app = 52): ConnectionLimits => ({ server: app + reservedConnections, app });

/**
 * PostgreSQL's two ways of saying "no more connections" as one error with the remedy; any other error as it is.
 * https://www.postgresql.org/docs/18/errcodes-appendix.html (53300)
 */
export function explainConnectionFailure(error: unknown, app: string, limits: ConnectionLimits): unknown {
  if (sqlState(error) !== "53300") return error;
  return new ConnectionLimitError(`The database of ${app} has all ${limits.app} connections in use`, {
    hint: `Give each instance a smaller pool (instances × pool size must stay under ${limits.app}), or raise the limit of connections.`,
    cause: error,
  });
}
