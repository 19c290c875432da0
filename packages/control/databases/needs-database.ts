import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dependenciesOf } from "../source/source-dependencies.ts";

/**
 * Packages that speak PostgreSQL's protocol. Query builders and ORMs (Drizzle, Kysely, Knex, Sequelize, TypeORM) are not among them: each
 * needs one of these to reach PostgreSQL, and without one it is meant for another database.
 */
const drivers = [
  "pg",
  "postgres",
  "pg-promise",
  "slonik",
  "@neondatabase/serverless",
  "@vercel/postgres",
  "@prisma/adapter-pg",
  "@mikro-orm/postgresql",
  "@payloadcms/db-postgres",
  "@payloadcms/db-vercel-postgres",
];

const prismaSchemas = ["prisma/schema.prisma", "schema.prisma"];

/** Why the source of an app needs a database, for people; undefined when it does not say so. */
export function needsDatabase(folder: string): string | undefined {
  const dependencies = dependenciesOf(folder);
  const driver = drivers.find((name) => dependencies.has(name));
  if (driver) return `it depends on ${driver}`;
  if (!dependencies.has("prisma") && !dependencies.has("@prisma/client")) return undefined;
  const schema = prismaSchemas.find((path) =>
    /^\s*provider\s*=\s*"(?:postgresql|postgres)"/m.test(readText(join(folder, path)) ?? ""),
  );
  return schema && `${schema} names PostgreSQL`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
