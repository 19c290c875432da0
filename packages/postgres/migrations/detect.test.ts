import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { detectMigrations } from "./detect.ts";
import { upSection } from "./up-section.ts";

let project: string;
beforeEach(() => {
  project = mkdtempSync("/tmp/ek-mig-");
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function put(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
}

const found = () => {
  const set = detectMigrations(project);
  return set && "migrations" in set ? [set.kind, set.folder, set.migrations.map(({ name }) => name)] : set;
};

test("Prisma's folders are found, where package.json says", () => {
  put({
    "package.json": JSON.stringify({ prisma: { schema: "db/schema.prisma" } }),
    "db/migrations/20260101_first/migration.sql": "SELECT 1",
    "db/migrations/20260202_second/migration.sql": "SELECT 2",
    "db/migrations/migration_lock.toml": "",
  });
  expect(found()).toEqual(["prisma", "db/migrations", ["20260101_first", "20260202_second"]]);
});

test("Drizzle's journal says the order, its config the folder", () => {
  put({
    "drizzle.config.ts": 'export default defineConfig({ dialect: "postgresql", out: "./sql" })',
    "sql/meta/_journal.json": JSON.stringify({
      entries: [
        { idx: 1, when: 200, tag: "0001_b" },
        { idx: 0, when: 100, tag: "0000_a" },
      ],
    }),
    "sql/0000_a.sql": "CREATE TABLE a ();--> statement-breakpoint\nCREATE TABLE b ();",
    "sql/0001_b.sql": "SELECT 1",
  });
  expect(found()).toEqual(["drizzle", "sql", ["0000_a", "0001_b"]]);
  rmSync(join(project, "sql/0001_b.sql"));
  expect(found).toThrow("Migration 0001_b has no file");
});

test("SQL files are ordered by number, and ways down are left out", () => {
  put({
    "migrations/10_last.sql": "",
    "migrations/2_next.up.sql": "",
    "migrations/2_next.down.sql": "",
    "migrations/001_first.sql": "",
    "migrations/readme.md": "",
  });
  expect(found()).toEqual(["sql", "migrations", ["001_first", "2_next.up", "10_last"]]);
});

test("Kysely is run by its command, a command of the runbook comes first, and two tools are refused", () => {
  put({ "package.json": JSON.stringify({ devDependencies: { "kysely-ctl": "1" } }) });
  expect(detectMigrations(project)).toMatchObject({ kind: "command", tool: "kysely" });
  expect(detectMigrations(project, { command: ["node", "migrate.js"] })).toMatchObject({
    command: ["node", "migrate.js"],
  });
  put({ "prisma/migrations/1/migration.sql": "" });
  expect(() => detectMigrations(project)).toThrow("migrations of prisma and kysely");
});

test("a Procfile's release command is no migration, and a link that leads out of the project is not followed", () => {
  put({ Procfile: "web: node server.js\nrelease: npm run migrate\n" });
  expect(detectMigrations(project)).toBeUndefined();
  mkdirSync(join(project, "migrations"));
  symlinkSync("/etc/hostname", join(project, "migrations/1.sql"));
  expect(() => detectMigrations(project)).toThrow("has no file");
});

test("migrations of another database are none of ours, and Drizzle's newer form is told", () => {
  put({
    "prisma/migrations/1/migration.sql": "",
    "prisma/migrations/migration_lock.toml": 'provider = "sqlite"',
    "drizzle.config.ts": 'export default { dialect: "sqlite" }',
    "drizzle/meta/_journal.json": "{}",
  });
  expect(detectMigrations(project)).toBeUndefined();
  rmSync(join(project, "drizzle/meta"), { recursive: true });
  put({ "drizzle.config.ts": 'export default { dialect: "postgresql" }', "drizzle/1/migration.sql": "" });
  expect(() => detectMigrations(project)).toThrow("the form of Drizzle 1.0");
});

test("a project without a database has none, and a named folder must have some", () => {
  expect(detectMigrations(project)).toBeUndefined();
  expect(() => detectMigrations(project, { folder: "db" })).toThrow("db holds no SQL migrations");
});

test.each(["-- +goose Up", "-- migrate:up", "-- Up Migration", "-- +migrate Up"])(
  "after %p only the way up is run",
  (up) => {
    const down = up.replace(/up/i, (word) => (word === "Up" ? "Down" : "down"));
    const sql = `${up}\nCREATE TABLE a ();\n${down}\nDROP TABLE a;\n`;
    expect(upSection(sql)).toBe(`${up}\nCREATE TABLE a ();`);
    expect(upSection("DROP TABLE a;")).toBe("DROP TABLE a;");
  },
);
