/** One file of migrations, as it will run. */
export interface Migration {
  /** Sorts and identifies it: `20260301120000_add_orders`. */
  name: string;
  /** Within the project: `migrations/20260301120000_add_orders.sql`. */
  file: string;
  /** What is run: of files with a way down, only the way up. */
  sql: string;
  /** sha256 of the file as it is, in hexadecimal. */
  checksum: string;
  /** Drizzle's `when`, in milliseconds. */
  whenMs?: number;
}

/** Migrations whose SQL we read, judge and run. */
export interface SqlMigrations {
  kind: "sql" | "prisma" | "drizzle";
  folder: string;
  migrations: Migration[];
}

/** A command that does it all itself. */
export interface MigrationCommand {
  kind: "command";
  /** Where it was found: `kysely`, `settings`. */
  tool: string;
  /** Run in the project's folder. */
  command: string[];
  /** sha256 of the command and of the files that are known to be its migrations: an approval is of just this. */
  checksum: string;
}

export type MigrationSet = SqlMigrations | MigrationCommand;
