import { isIP } from "node:net";
import { EvenkeelError, InvalidValueError } from "@evenkeel/model";
import { DatabaseRefusedError } from "../errors.ts";
import { sqlState } from "./session.ts";

/** Where a database is, and how to come in. Plain, so that nothing in it can name a file or a socket of this machine. */
export interface DatabaseAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** TLS, with or without a look at the server's certificate; absent: none. */
  ssl?: { rejectUnauthorized: boolean };
}

/** Direct addresses first: a session's lock does not go through a pooler in transaction mode. */
export const urlVariables = [
  "DIRECT_URL",
  "DATABASE_URL_UNPOOLED",
  "POSTGRES_URL_NON_POOLING",
  "DATABASE_URL",
  "POSTGRES_URL",
  "POSTGRES_PRISMA_URL",
];

/**
 * The address that an app's variables name, for migrations; undefined where they name no PostgreSQL.
 *
 * @throws InvalidValueError naming the variable
 */
export function addressFromVariables(
  variables: Record<string, string>,
): { variable: string; address: DatabaseAddress } | undefined {
  for (const variable of urlVariables) {
    const url = variables[variable];
    if (url && /^postgres(ql)?:/i.test(url)) return { variable, address: parseDatabaseUrl(url, variable) };
  }
  const { PGHOST, PGPORT = "5432", PGUSER = "", PGPASSWORD = "", PGDATABASE = PGUSER, PGSSLMODE } = variables;
  if (!PGHOST) return undefined;
  requireHost(PGHOST, "PGHOST");
  const address = {
    host: PGHOST,
    port: Number(PGPORT),
    user: PGUSER,
    password: PGPASSWORD,
    database: PGDATABASE,
  };
  return { variable: "PGHOST", address: withTls(address, PGSSLMODE, "PGSSLMODE") };
}

/**
 * A connection URI: https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-URIS. `sslmode=require` looks at the
 * certificate, as Node's drivers do; `no-verify` does not.
 *
 * @param name of the variable that it came from, for messages; they never hold the URL, which has the password
 * @throws InvalidValueError
 */
export function parseDatabaseUrl(text: string, name: string): DatabaseAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused(name, "it is no URL");
  }
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1");
  requireHost(host, name);
  for (const parameter of ["host", "hostaddr", "service", "sslcert", "sslkey", "sslrootcert"]) {
    const value = url.searchParams.get(parameter);
    if (value !== null && value !== "system")
      throw refused(name, `its parameter ${parameter} is not supported here`);
  }
  const user = decodeURIComponent(url.username);
  const address = {
    ...{ host, port: Number(url.port || "5432"), user, password: decodeURIComponent(url.password) },
    database: decodeURIComponent(url.pathname.slice(1)) || user,
  };
  return withTls(address, url.searchParams.get("sslmode") ?? undefined, name);
}

function withTls(address: DatabaseAddress, mode: string | undefined, name: string): DatabaseAddress {
  switch (mode) {
    case undefined:
    case "disable":
    case "allow":
      return address;
    case "no-verify":
      return { ...address, ssl: { rejectUnauthorized: false } };
    case "prefer":
    case "require":
    case "verify-ca":
    case "verify-full":
      return { ...address, ssl: { rejectUnauthorized: true } };
    default:
      throw refused(name, `its sslmode is "${mode.slice(0, 20)}"`);
  }
}

/** Over a socket this process might be let in as somebody else. */
function requireHost(host: string, name: string): void {
  const isName = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})$/.test(host);
  if (!isName && isIP(host) === 0) throw refused(name, "it names no host to be reached over TCP");
}

const refused = (name: string, why: string): InvalidValueError =>
  new InvalidValueError(`${name} cannot be used for migrations: ${why}`, {
    hint: "Set it to an address such as postgresql://user:password@host:5432/database?sslmode=require, or set DIRECT_URL beside it.",
  });

/** What cannot come in: class 08 and 28, no such database, no connection left. */
const noEntry = /^(08|28)|^(3D000|53300)$/;

/** What a driver throws, in words; what is no database's doing as it is. */
export function explainConnection(error: unknown, { host, port, database }: DatabaseAddress): unknown {
  if (error instanceof EvenkeelError || !(error instanceof Error)) return error;
  const code = sqlState(error);
  const place = `the database ${database} at ${host}:${port}`;
  if (code !== undefined && !noEntry.test(code)) {
    return new DatabaseRefusedError(`Working in ${place} failed: ${error.message}`, { cause: error });
  }
  const system = /^E[A-Z]+$/.test(String((error as NodeJS.ErrnoException).code));
  const driver = /timeout|terminated|SSL|certificate|server closed/i.test(error.message);
  if (code === undefined && !system && !driver) return error;
  const hint = /unsupported startup parameter/.test(error.message)
    ? "This is the address of a pooler: set DIRECT_URL to the database's own."
    : "See that it runs and can be reached from this machine, and that user and password are right.";
  return new DatabaseRefusedError(`Connecting to ${place} failed: ${error.message}`, { hint, cause: error });
}
