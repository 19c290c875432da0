import { expect, test } from "bun:test";
import { addressFromVariables, parseDatabaseUrl } from "./database-address.ts";

test("the direct address comes before a pooler's, and other databases are none", () => {
  const found = addressFromVariables({
    DATABASE_URL: "postgres://a:b%40c@pool.example:6543/d?sslmode=require",
    DIRECT_URL: "postgresql://a:b%40c@db.example/d?sslmode=require",
  });
  expect(found).toEqual({
    variable: "DIRECT_URL",
    address: {
      ...{ host: "db.example", port: 5432, user: "a", password: "b@c", database: "d" },
      ssl: { rejectUnauthorized: true },
    },
  });
  expect(addressFromVariables({ DATABASE_URL: "mysql://a@b/c" })).toBeUndefined();
  expect(addressFromVariables({ PGHOST: "h", PGUSER: "u" })?.address).toMatchObject({
    host: "h",
    database: "u",
  });
});

test.each([
  "postgres://a:secret@%2Fvar%2Frun%2Fpostgresql/d",
  "postgres:///d?host=/var/run/postgresql",
  "postgres://a:secret@h/d?host=/run",
  "postgres://a:secret@h/d?sslmode=require&sslrootcert=/etc/shadow",
  "postgres://a:secret@h/d?sslmode=sometimes",
])("%s is refused without a word of its password", (url) => {
  expect(() => parseDatabaseUrl(url, "DATABASE_URL")).toThrow("DATABASE_URL cannot be used");
  expect(() => parseDatabaseUrl(url, "DATABASE_URL")).not.toThrow("secret");
});
