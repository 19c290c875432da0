import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { InvalidValueError } from "@evenkeel/model";
import type { Migration, MigrationSet } from "./migration-set.ts";
import { upSection } from "./up-section.ts";

export interface DetectionOptions {
  /** From the runbook: these take the place of everything that would be found. */
  command?: string[];
  /** From the runbook: a folder of SQL files, relative to the project. */
  folder?: string;
}

const sqlFolders = [
  "migrations",
  "db/migrations",
  "database/migrations",
  "sql/migrations",
  "supabase/migrations",
  "src/migrations",
  "src/db/migrations",
];

/**
 * Finds how a project changes its database: Prisma's and Drizzle's folders, a folder of SQL files (with or without ways down), or
 * Kysely's command. Undefined when there is none.
 *
 * @throws InvalidValueError when there are several, or a named one is not there.
 */
export function detectMigrations(project: string, options: DetectionOptions = {}): MigrationSet | undefined {
  if (options.command) return { kind: "command", tool: options.command[0] ?? "", command: options.command };
  if (options.folder !== undefined) {
    const found = readSqlFolder(project, options.folder);
    if (found) return found;
    throw new InvalidValueError(`${options.folder} holds no SQL migrations`, {
      hint: "Name a folder with *.sql files.",
    });
  }
  const tools = [readPrisma(project), readDrizzle(project), detectKysely(project)].filter(
    (set) => set !== undefined,
  );
  if (tools.length > 1) {
    const names = tools.map((set) => (set.kind === "command" ? set.tool : set.kind)).join(" and ");
    throw new InvalidValueError(`The project has migrations of ${names}`, {
      hint: "Say in the runbook which folder or command is to be used.",
    });
  }
  return (
    tools[0] ?? sqlFolders.map((folder) => readSqlFolder(project, folder)).find((set) => set !== undefined)
  );
}

/** https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate/migration-histories */
function readPrisma(project: string): MigrationSet | undefined {
  const schema = packageJson(project)?.prisma?.schema;
  const roots = [...(schema ? [schema.endsWith(".prisma") ? join(schema, "..") : schema] : []), "prisma"];
  for (const root of roots) {
    const folder = join(root, "migrations");
    const names = namesIn(join(project, folder)).filter((name) =>
      isFile(join(project, folder, name, "migration.sql")),
    );
    if (names.length === 0) continue;
    const migrations = names.map((name) => readMigration(name, join(project, folder, name, "migration.sql")));
    return { kind: "prisma", folder, migrations };
  }
  return undefined;
}

interface DrizzleJournal {
  entries: { idx: number; when: number; tag: string }[];
}

/** https://orm.drizzle.team/docs/kit-overview: the journal says the order. */
function readDrizzle(project: string): MigrationSet | undefined {
  const config = ["drizzle.config.ts", "drizzle.config.js", "drizzle.config.mjs", "drizzle.config.json"]
    .map((name) => join(project, name))
    .find(isFile);
  const out = config && /["']?out["']?\s*:\s*["'`]([^"'`]+)["'`]/.exec(readFileSync(config, "utf8"))?.[1];
  for (const folder of [...(out ? [out] : []), "drizzle"]) {
    const journal = join(project, folder, "meta/_journal.json");
    if (!isFile(journal)) continue;
    const { entries } = JSON.parse(readFileSync(journal, "utf8")) as DrizzleJournal;
    const migrations = [...entries]
      .sort((a, b) => a.idx - b.idx)
      .map(({ tag, when }) => ({ ...readMigration(tag, join(project, folder, `${tag}.sql`)), whenMs: when }));
    return { kind: "drizzle", folder, migrations };
  }
  return undefined;
}

/** Kysely's migrations are programs: only its own command can run them. https://kysely.dev/docs/migrations */
function detectKysely(project: string): MigrationSet | undefined {
  const manifest = packageJson(project);
  const installed = { ...manifest?.dependencies, ...manifest?.devDependencies };
  if (!installed["kysely-ctl"]) return undefined;
  return { kind: "command", tool: "kysely", command: ["npx", "--no-install", "kysely", "migrate:latest"] };
}

function readSqlFolder(project: string, folder: string): MigrationSet | undefined {
  const names = namesIn(join(project, folder)).filter((name) => name.endsWith(".sql") && !isWayDown(name));
  if (names.length === 0) return undefined;
  names.sort(byNumber);
  const migrations = names.map((name) =>
    readMigration(name.replace(/\.sql$/, ""), join(project, folder, name)),
  );
  return { kind: "sql", folder, migrations };
}

/** golang-migrate, Flyway and others keep the way down in a file beside. */
const isWayDown = (name: string): boolean =>
  /([._-](down|undo|rollback)\.sql|^(down|undo|rollback)\.sql)$|^U\d.*__/i.test(name);

/** `2_b` before `10_a`. */
function byNumber(a: string, b: string): number {
  const number = (name: string) => BigInt(/^[vV]?(\d+)/.exec(name)?.[1] ?? -1);
  const [first, second] = [number(a), number(b)];
  if (first !== second) return first < second ? -1 : 1;
  return a < b ? -1 : 1;
}

function readMigration(name: string, path: string): Migration {
  if (!isFile(path)) {
    throw new InvalidValueError(`Migration ${name} has no file ${path}`, {
      hint: "Commit the file that its journal names.",
    });
  }
  const text = readFileSync(path, "utf8");
  return { name, sql: upSection(text), checksum: createHash("sha256").update(text).digest("hex") };
}

interface Manifest {
  prisma?: { schema?: string };
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function packageJson(project: string): Manifest | undefined {
  const path = join(project, "package.json");
  return isFile(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : undefined;
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);
