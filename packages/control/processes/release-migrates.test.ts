import { expect, test } from "bun:test";
import { looksLikeMigration } from "./release-migrates.ts";

const scripts = {
  release: "npm run -s prepare:db && node done.js",
  "prepare:db": "knex migrate:latest",
  loop: "yarn loop",
  warm: "node warm-caches.js",
};

test.each([
  ["npx prisma migrate deploy", true],
  ["node dist/migrate.js", true],
  ["python manage.py migrate --noinput", true],
  ["bundle exec rails db:migrate", true],
  ["flask db upgrade", true],
  ["npx drizzle-kit push", true],
  ['psql "$DATABASE_URL" -f schema.sql', true],
  ["npm run release", true],
  ["yarn release", true],
  ["npm run warm", false],
  ["yarn loop", false],
  ["npm run missing", false],
  ["node dist/release.js", false],
])("whether %s looks like a migration: %p", (command, expected) =>
  expect(looksLikeMigration(command, scripts)).toBe(expected),
);
