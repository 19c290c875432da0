import { expect, test } from "bun:test";
import { approvalKey, needsApproval, reviewMigrations } from "./review.ts";

const review = async (sql: string) => (await reviewMigrations([{ name: "m", file: "m.sql", sql }]))[0]!;

test.each([
  // Tables and columns.
  ["CREATE TABLE a (id bigserial PRIMARY KEY, b int REFERENCES users(id), UNIQUE (b))", "additive"],
  ["ALTER TABLE a ADD COLUMN b text", "additive"],
  ["ALTER TABLE a ADD COLUMN IF NOT EXISTS b boolean NOT NULL DEFAULT false", "additive"],
  ["ALTER TABLE a ADD COLUMN b timestamptz NOT NULL DEFAULT now()", "additive"],
  ["ALTER TABLE a ADD COLUMN b timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP", "additive"],
  ["ALTER TABLE a ADD COLUMN b int REFERENCES users(id)", "additive"],
  ["ALTER TABLE a ADD COLUMN b text NOT NULL", "blocking"],
  ["ALTER TABLE a ADD COLUMN b uuid DEFAULT gen_random_uuid()", "blocking"],
  ["ALTER TABLE a ADD COLUMN b serial", "blocking"],
  ["ALTER TABLE a ADD COLUMN b int GENERATED ALWAYS AS IDENTITY", "blocking"],
  ["ALTER TABLE a ADD COLUMN b int GENERATED ALWAYS AS (c * 2) STORED", "blocking"],
  ["ALTER TABLE a ADD COLUMN b int UNIQUE", "blocking"],
  ["ALTER TABLE a ADD COLUMN b int CHECK (b > 0)", "blocking"],
  ["ALTER TABLE a ADD COLUMN b int, DROP COLUMN c", "destructive"],
  ["ALTER TABLE a DROP COLUMN IF EXISTS b CASCADE", "destructive"],
  ["ALTER TABLE a ALTER COLUMN b TYPE varchar(10)", "destructive"],
  ["ALTER TABLE a ALTER COLUMN b SET DEFAULT 1", "additive"],
  ["ALTER TABLE a ALTER COLUMN b DROP DEFAULT", "destructive"],
  ["ALTER TABLE a ALTER COLUMN b DROP NOT NULL", "additive"],
  ["ALTER TABLE a ALTER COLUMN b SET NOT NULL", "blocking"],
  ["ALTER TABLE a RENAME COLUMN b TO c", "destructive"],
  ["ALTER TABLE a RENAME TO b", "destructive"],
  ["ALTER TABLE a SET SCHEMA other", "destructive"],
  ["ALTER TABLE a OWNER TO somebody", "opaque"],
  ["ALTER TABLE a SET UNLOGGED", "destructive"],
  ["ALTER TABLE a SET (fillfactor = 70)", "additive"],
  ["ALTER TABLE a ENABLE ROW LEVEL SECURITY", "destructive"],
  ["ALTER TABLE a DISABLE TRIGGER ALL", "opaque"],
  ["ALTER TABLE a ATTACH PARTITION b FOR VALUES IN (1)", "blocking"],
  ["CREATE TABLE p PARTITION OF a FOR VALUES IN (1)", "blocking"],
  ["DROP TABLE a", "destructive"],
  ["DROP TABLE IF EXISTS a, b CASCADE", "destructive"],
  ["TRUNCATE a", "destructive"],
  // Constraints and indexes.
  ["ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0)", "blocking"],
  ["ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID", "additive"],
  ["ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c (id)", "blocking"],
  ["ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES d (id) NOT VALID", "additive"],
  ["ALTER TABLE a VALIDATE CONSTRAINT c", "additive"],
  ["ALTER TABLE a ADD CONSTRAINT c UNIQUE (b)", "blocking"],
  ["ALTER TABLE a ADD CONSTRAINT c UNIQUE USING INDEX i", "additive"],
  ["ALTER TABLE a ADD EXCLUDE USING gist (b WITH &&)", "blocking"],
  ["ALTER TABLE a DROP CONSTRAINT c", "destructive"],
  ["CREATE INDEX i ON a (b)", "blocking"],
  ["CREATE INDEX CONCURRENTLY i ON a (b)", "additive"],
  ["REINDEX TABLE a", "blocking"],
  ["REINDEX TABLE CONCURRENTLY a", "additive"],
  ["DROP INDEX CONCURRENTLY i", "destructive"],
  // Data.
  ["INSERT INTO a (b) VALUES (1), (2) ON CONFLICT DO NOTHING", "additive"],
  ["INSERT INTO a (b) VALUES (1) ON CONFLICT (b) DO UPDATE SET c = 2", "destructive"],
  ["INSERT INTO a SELECT wipe_everything()", "opaque"],
  ["UPDATE a SET b = 1 WHERE b IS NULL", "destructive"],
  ["DELETE FROM a", "destructive"],
  ["WITH gone AS (DELETE FROM a RETURNING *) SELECT count(*) FROM gone", "destructive"],
  ["WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone", "destructive"],
  ["MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE", "destructive"],
  ["SELECT 1", "additive"],
  ["SELECT setval('a_id_seq', 10)", "additive"],
  ["SELECT pg_catalog.set_config('search_path', '', false)", "additive"],
  ["SELECT set_config('search_path', 'other', false)", "opaque"],
  ["SELECT pg_terminate_backend(1)", "opaque"],
  ["SELECT audit.enable('a')", "opaque"],
  ["COPY a FROM '/tmp/x'", "opaque"],
  // Other objects.
  ["CREATE TYPE mood AS ENUM ('a')", "additive"],
  ["ALTER TYPE mood ADD VALUE 'b'", "additive"],
  ["ALTER TYPE mood RENAME VALUE 'a' TO 'b'", "destructive"],
  ["CREATE OR REPLACE VIEW v AS SELECT 1", "additive"],
  ["CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "additive"],
  ["CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()", "opaque"],
  ["DROP FUNCTION f(int)", "destructive"],
  ["DROP POLICY p ON a", "destructive"],
  ["CREATE EXTENSION IF NOT EXISTS pgcrypto", "additive"],
  ["CREATE SCHEMA s", "additive"],
  ["DROP SCHEMA s CASCADE", "destructive"],
  ["GRANT SELECT ON a TO r", "additive"],
  ["REVOKE SELECT ON a FROM r", "destructive"],
  ["COMMENT ON TABLE a IS 'x'", "additive"],
  ["REFRESH MATERIALIZED VIEW v", "blocking"],
  ["REFRESH MATERIALIZED VIEW CONCURRENTLY v", "additive"],
  ["VACUUM a", "additive"],
  ["VACUUM FULL a", "blocking"],
  ["CLUSTER a USING i", "blocking"],
  ["LOCK TABLE a", "blocking"],
  ["ALTER SEQUENCE s RESTART WITH 1", "destructive"],
  ["ALTER SEQUENCE s OWNED BY a.id", "additive"],
  // The session.
  ["SET statement_timeout = '30s'", "additive"],
  ["SET lock_timeout = 0", "blocking"],
  ["SET session_replication_role = replica", "opaque"],
  ["SET ROLE postgres", "opaque"],
  ["BEGIN", "additive"],
  // What cannot be read.
  ["DO $$ BEGIN DELETE FROM a; END $$", "opaque"],
  ["CALL p()", "opaque"],
  ["EXECUTE q", "opaque"],
  ["EXPLAIN ANALYZE DELETE FROM a", "destructive"],
  ["CREATE RULE r AS ON INSERT TO a DO INSTEAD NOTHING", "opaque"],
  ["ALTER SYSTEM SET fsync = off", "opaque"],
  ["LOAD 'x'", "opaque"],
  ["CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()", "opaque"],
])("%s is %s", async (sql, effect) => {
  const { statements } = await review(sql);
  expect(statements.map((statement) => [statement.text, statement.effect])).toEqual([[sql, effect as never]]);
});

test("what the migrations have made themselves may be changed, what was perhaps there before may not", async () => {
  const [first, second] = await reviewMigrations([
    {
      name: "1",
      file: "1.sql",
      sql: "CREATE TABLE a (b int); CREATE INDEX i ON a (b); CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()",
    },
    {
      name: "2",
      file: "2.sql",
      sql: "ALTER TABLE a DROP COLUMN b; DELETE FROM a; DROP INDEX i; DROP TABLE a; DROP TABLE a",
    },
  ]);
  expect(first!.effect).toBe("additive");
  expect(second!.statements.map(({ effect }) => effect)).toEqual([
    "additive",
    "additive",
    "additive",
    "additive",
    "destructive",
  ]);
  const unsure = await review(
    "CREATE TABLE IF NOT EXISTS users (id int); ALTER TABLE users DROP COLUMN email",
  );
  expect(unsure.effect).toBe("destructive");
  const otherPath = await review(
    "SET search_path = new; CREATE TABLE users (); SET search_path = public; DROP TABLE users",
  );
  expect(otherPath.effect).toBe("destructive");
  const otherSchema = await review("CREATE TABLE new.users (id int); DROP TABLE users");
  expect(otherSchema.effect).toBe("destructive");
});

test("of two statements the destructive one is shown, with its line, although characters before it take several bytes", async () => {
  const { statements, effect } = await review(
    "-- Äußerst wichtig: ✓\nCREATE TABLE ä (id int);\n\n-- now\nDROP TABLE users;\n",
  );
  expect(effect).toBe("destructive");
  expect(statements.map(({ line, text }) => [line, text])).toEqual([
    [2, "CREATE TABLE ä (id int)"],
    [5, "DROP TABLE users"],
  ]);
});

test("a syntax error is told with its place, before anything is run", async () => {
  await expect(review("CREATE TABLE a (id int);\nALTER TABL a ADD b int;")).rejects.toMatchObject({
    code: "migration_syntax",
    message: 'm.sql:2 is no SQL: syntax error at or near "TABL"',
  });
});

test("an approval is of exactly these statements", async () => {
  const key = async (sql: string) => approvalKey(needsApproval([await review(sql)]));
  expect(await key("DROP TABLE a; CREATE TABLE b ()")).toBe(await key("CREATE TABLE c (); DROP TABLE a"));
  expect(await key("DROP TABLE a")).not.toBe(await key("DROP TABLE b"));
});

test("files that forbid or begin transactions are run without one of ours", async () => {
  const transactional = async (sql: string) => (await review(sql)).transactional;
  expect(await transactional("CREATE TABLE a (); CREATE INDEX i ON a (b)")).toBe(true);
  expect(await transactional("CREATE INDEX CONCURRENTLY i ON a (b)")).toBe(false);
  expect(await transactional("BEGIN; CREATE TABLE a (); COMMIT; SELECT 1")).toBe(false);
  expect(await transactional("BEGIN; SAVEPOINT s; CREATE TABLE a (); COMMIT")).toBe(false);
  expect(await transactional("VACUUM a")).toBe(false);
});

test("a file that is one transaction of its own runs in ours", async () => {
  const { transactional, statements } = await review("BEGIN;\nCREATE TABLE a ();\nCOMMIT;");
  expect(transactional).toBe(true);
  expect(statements.map(({ line, text }) => [line, text])).toEqual([[2, "CREATE TABLE a ()"]]);
});
