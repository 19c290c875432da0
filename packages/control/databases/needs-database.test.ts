import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needsDatabase } from "./needs-database.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-needs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const writeManifest = (dependencies: string[], devDependencies: string[] = []): void => {
  const versions = (names: string[]) => Object.fromEntries(names.map((name) => [name, "1.0.0"]));
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ dependencies: versions(dependencies), devDependencies: versions(devDependencies) }),
  );
};

test("a driver of PostgreSQL asks for a database, an ORM alone does not", () => {
  expect(needsDatabase(folder)).toBeUndefined();
  writeManifest(["next", "drizzle-orm", "better-sqlite3"]);
  expect(needsDatabase(folder)).toBeUndefined();
  writeManifest(["next", "drizzle-orm", "postgres"]);
  expect(needsDatabase(folder)).toBe("it depends on postgres");
});

test("Prisma asks for one when its schema names PostgreSQL", () => {
  writeManifest(["@prisma/client"], ["prisma"]);
  expect(needsDatabase(folder)).toBeUndefined();
  mkdirSync(join(folder, "prisma"));
  const schema = (provider: string) =>
    writeFileSync(
      join(folder, "prisma/schema.prisma"),
      `generator client {\n  provider = "prisma-client-js"\n}\ndatasource db {\n  provider = "${provider}"\n}\n`,
    );
  schema("mysql");
  expect(needsDatabase(folder)).toBeUndefined();
  schema("postgresql");
  expect(needsDatabase(folder)).toBe("prisma/schema.prisma names PostgreSQL");
});

test("a package.json that is no JSON is left to the build", () => {
  writeFileSync(join(folder, "package.json"), "{");
  expect(needsDatabase(folder)).toBeUndefined();
});
