/** One file of migrations, as it will run. */
export interface Migration {
  /** Sorts and identifies it: `20260301120000_add_orders`. */
  name: string;
  /** What is run: of files with a way down, only the way up. */
  sql: string;
  /** sha256 of the file as it is, in hexadecimal. */
  checksum: string;
  /** Drizzle's `when`, in milliseconds. */
  whenMs?: number;
}

/** Migrations whose SQL we read, judge and run; or a command that does it all itself. */
export type MigrationSet =
  | { kind: "sql" | "prisma" | "drizzle"; folder: string; migrations: Migration[] }
  | { kind: "command"; tool: string; command: string[] };
