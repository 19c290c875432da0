import { withSession } from "@evenkeel/postgres/client/session";
import type { Command } from "commander";
import { QueryFailedError } from "../../errors.ts";
import { formatTable } from "../../output/table.ts";
import { withControl } from "../../platform/control.ts";
import { type DatabaseOptions, databaseCommand, named } from "./database-options.ts";

interface AccessOptions extends DatabaseOptions {
  branch?: string;
}

const accessCommand = (db: Command, name: string, summary: string): Command =>
  databaseCommand(db, name, summary).option("--branch <name>", "a branch of the app's database");

/** Reaching a database from this machine, as the app does. */
export function registerDbAccess(db: Command): void {
  accessCommand(db, "url", "print the address with its password")
    .addHelpText("after", '\nExample:\n  pg_dump "$(evenkeel db url shop)" > shop.sql')
    .action(async (app: string, options: AccessOptions) => {
      const variables = await credentials(app, options);
      console.log(options.json ? JSON.stringify(variables) : variables["DATABASE_URL"]);
    });
  accessCommand(db, "psql", "open psql, as the app's role")
    .addHelpText(
      "after",
      "\nNeeds psql on this machine; `evenkeel db query` does not.\n\nExample:\n  evenkeel db psql shop",
    )
    .action(psql);
  accessCommand(db, "query", "run SQL, as the app's role")
    .argument("<sql>", "one statement, or several")
    .addHelpText("after", '\nExample:\n  evenkeel db query shop "SELECT count(*) FROM orders"')
    .action(query);
}

async function credentials(app: string, options: AccessOptions): Promise<Record<string, string>> {
  const name = named(app, options);
  const { branch } = options;
  const { variables } = await withControl((client) =>
    branch === undefined
      ? client.getDatabaseCredentials(name)
      : client.getBranchCredentials({ app: name.app, branch }),
  );
  return variables;
}

async function psql(app: string, options: AccessOptions): Promise<void> {
  const variables = await credentials(app, options);
  const program = Bun.which("psql");
  if (program === null) {
    throw new QueryFailedError("There is no psql on this machine", {
      hint: `Install it (Debian: apt install postgresql-client), or use: evenkeel db query ${app} "SELECT 1"`,
    });
  }
  // In its environment, where other users do not see the password.
  const child = Bun.spawn([program], {
    env: { ...process.env, ...variables },
    stdio: ["inherit", "inherit", "inherit"],
  });
  // Ctrl-C is psql's: it cancels the query.
  process.on("SIGINT", () => {});
  process.exitCode = await child.exited;
}

async function query(app: string, sql: string, options: AccessOptions): Promise<void> {
  const variables = await credentials(app, options);
  const results = await withSession(variables["DATABASE_URL"]!, async (client) => {
    const result = await client.query({ text: sql, rowMode: "array" }).catch((cause) => {
      throw new QueryFailedError(`The query failed: ${cause.message}`, { hint: cause.hint, cause });
    });
    return [result].flat();
  });
  for (const { command, fields, rows, rowCount } of results) {
    const names = fields.map((field) => field.name);
    const cells = rows as unknown as unknown[][];
    if (options.json) {
      const objects = cells.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]])));
      console.log(JSON.stringify({ command, rowCount, rows: objects }));
    } else if (names.length > 0) {
      console.log(
        formatTable(
          names,
          cells.map((row) => row.map(plain)),
        ),
      );
    } else console.log(`${command}${rowCount === null ? "" : ` ${rowCount}`}`);
  }
}

function plain(value: unknown): string {
  if (value === null) return "";
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
