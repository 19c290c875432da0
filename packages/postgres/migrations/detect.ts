import { createHash } from "node:crypto";
import { join, normalize } from "node:path";
import { InvalidValueError } from "@evenkeel/model";
import type { Migration, MigrationCommand, MigrationSet, SqlMigrations } from "./migration-set.ts";
import { ProjectFiles } from "./project-files.ts";
import { upSection } from "./up-section.ts";

export interface DetectionOptions {
  /** Takes the place of everything that would be found. */
  command?: string[];
  /** A folder of SQL files, relative to the project. */
  folder?: string;
}

/** Where plain SQL files are looked for. */
export const sqlFolders = [
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
 * Kysely's command. Undefined when there is none. The `release` command of a Procfile is none: it runs as a phase of its own.
 *
 * @throws InvalidValueError when there are several, or a named one is not there.
 */
export function detectMigrations(project: string, options: DetectionOptions = {}): MigrationSet | undefined {
  const files = new ProjectFiles(project);
  if (options.command) return commandSet("settings", options.command);
  if (options.folder !== undefined) {
    const found = readSqlFolder(files, options.folder);
    if (found) return found;
    throw new InvalidValueError(`${options.folder} holds no SQL migrations`, {
      hint: "Name a folder with *.sql files.",
    });
  }
  const tools = [readPrisma(files), readDrizzle(files), detectKysely(files)].filter(
    (set) => set !== undefined,
  );
  if (tools.length > 1) {
    const names = tools.map((set) => (set.kind === "command" ? set.tool : set.kind)).join(" and ");
    throw new InvalidValueError(`The project has migrations of ${names}`, {
      hint: "Say which is to be used: evenkeel db migration-settings APP --folder FOLDER, or --command LINE.",
    });
  }
  return tools[0] ?? firstSqlFolder(files);
}

/** https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate/migration-histories */
function readPrisma(files: ProjectFiles): SqlMigrations | undefined {
  const schema = packageJson(files).prisma?.schema;
  const roots = [...(schema ? [schema.endsWith(".prisma") ? join(schema, "..") : schema] : []), "prisma"];
  for (const root of roots) {
    const folder = join(root, "migrations");
    const provider = /^\s*provider\s*=\s*"(\w+)"/m.exec(files.text(`${folder}/migration_lock.toml`) ?? "");
    if (provider && !/^postgres/.test(provider[1]!)) continue;
    const names = files.names(folder).filter((name) => files.isFile(`${folder}/${name}/migration.sql`));
    if (names.length === 0) continue;
    const migrations = names.map((name) => readMigration(files, name, `${folder}/${name}/migration.sql`));
    return { kind: "prisma", folder, migrations };
  }
  return undefined;
}

interface DrizzleJournal {
  entries: { idx: number; when: number; tag: string }[];
}

/** https://orm.drizzle.team/docs/kit-overview: the journal says the order. */
function readDrizzle(files: ProjectFiles): SqlMigrations | undefined {
  const config = ["drizzle.config.ts", "drizzle.config.js", "drizzle.config.mjs", "drizzle.config.json"]
    .map((name) => files.text(name))
    .find((text) => text !== undefined);
  const setting = (name: string) =>
    new RegExp(`["']?\\b${name}["']?\\s*:\\s*["'\`]([^"'\`]+)["'\`]`).exec(config ?? "")?.[1];
  const dialect = setting("dialect");
  if (dialect !== undefined && dialect !== "postgresql") return undefined;
  const out = setting("out");
  for (const folder of [...(out ? [normalize(out)] : []), "drizzle"]) {
    const journal = files.text(`${folder}/meta/_journal.json`);
    if (journal === undefined) {
      refuseNewDrizzle(files, config, folder);
      continue;
    }
    const migrations = readJournal(journal, folder)
      .sort((a, b) => a.idx - b.idx)
      .map(({ tag, when }) => ({ ...readMigration(files, tag, `${folder}/${tag}.sql`), whenMs: when }));
    return { kind: "drizzle", folder, migrations };
  }
  return undefined;
}

function readJournal(text: string, folder: string): DrizzleJournal["entries"] {
  try {
    return [...(JSON.parse(text) as DrizzleJournal).entries];
  } catch (cause) {
    throw new InvalidValueError(`${folder}/meta/_journal.json is not Drizzle's journal`, {
      hint: "Write it anew with `drizzle-kit generate`.",
      cause,
    });
  }
}

/** Drizzle 1.0 has a folder for each migration and another table for what has run: only its own command knows them. */
function refuseNewDrizzle(files: ProjectFiles, config: string | undefined, folder: string): void {
  const isNew =
    config !== undefined &&
    files.names(folder).some((name) => files.isFile(`${folder}/${name}/migration.sql`));
  if (!isNew) return;
  throw new InvalidValueError(`${folder} has the form of Drizzle 1.0, which is not read here`, {
    hint: 'Run it by its own command: evenkeel db migration-settings APP --command "npx drizzle-kit migrate"',
  });
}

/** Kysely's migrations are programs: only its own command can run them. https://kysely.dev/docs/migrations */
function detectKysely(files: ProjectFiles): MigrationCommand | undefined {
  const { dependencies, devDependencies } = packageJson(files);
  if (!{ ...dependencies, ...devDependencies }["kysely-ctl"]) return undefined;
  const folder = "migrations";
  const programs = files.names(folder).map((name) => `${name}\0${files.text(`${folder}/${name}`) ?? ""}`);
  return commandSet("kysely", ["npx", "--no-install", "kysely", "migrate:latest"], programs);
}

/** A line that a person wrote for a shell. */
export const shellCommand = (line: string): string[] => ["/bin/sh", "-c", line];

/** As the person wrote it. */
export const describeCommand = (command: string[]): string =>
  command[0] === "/bin/sh" && command[1] === "-c" ? command[2]! : command.join(" ");

function commandSet(tool: string, command: string[], inputs: string[] = []): MigrationCommand {
  const checksum = createHash("sha256")
    .update(JSON.stringify([command, inputs]))
    .digest("hex");
  return { kind: "command", tool, command, checksum };
}

const firstSqlFolder = (files: ProjectFiles): SqlMigrations | undefined =>
  sqlFolders.map((folder) => readSqlFolder(files, folder)).find((set) => set !== undefined);

function readSqlFolder(files: ProjectFiles, folder: string): SqlMigrations | undefined {
  const names = files.names(folder).filter((name) => name.endsWith(".sql") && !isWayDown(name));
  if (names.length === 0) return undefined;
  names.sort(byNumber);
  const migrations = names.map((name) =>
    readMigration(files, name.replace(/\.sql$/, ""), `${folder}/${name}`),
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

function readMigration(files: ProjectFiles, name: string, file: string): Migration {
  const text = files.text(file);
  if (text === undefined) {
    throw new InvalidValueError(`Migration ${name} has no file ${file}`, {
      hint: "Commit the file that its journal names.",
    });
  }
  return { name, file, sql: upSection(text), checksum: createHash("sha256").update(text).digest("hex") };
}

interface Manifest {
  prisma?: { schema?: string };
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function packageJson(files: ProjectFiles): Manifest {
  try {
    return JSON.parse(files.text("package.json") ?? "{}") as Manifest;
  } catch {
    // The build says what is wrong with it.
    return {};
  }
}
