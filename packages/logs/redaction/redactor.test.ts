import { expect, test } from "bun:test";
import { Redactor } from "./redactor.ts";

const key = new Uint8Array(32).fill(7);
const redactor = new Redactor(key);
const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

test.each([
  [`token ${jwt} was refused`, "token [jwt] was refused"],
  ["using sk-ant-api03-0123456789abcdefgh", "using [key]"],
  ["sk_live_51H8xYzAbCdEf and rk_test_0123456789", "[key] and [key]"],
  ["AKIAIOSFODNN7EXAMPLE", "[key]"],
  ["pushed with ghp_0123456789abcdefghijABCDEFGHIJ012345", "pushed with [key]"],
  ["slack xoxb-1234567890-abcdef", "slack [key]"],
  ["evk_ab3de5fghj_abcdefghijkmnpqrstuvwxyz23456789", "[key]"],
  ["authorization: Bearer abc.def-ghi_123", "authorization: Bearer [credentials]"],
  ["sent Basic dXNlcjpwYXNzd29yZA== to it", "sent Basic [credentials] to it"],
  ["at postgres://app:p%40ss-word@db:5432/shop", "at postgres://app:[password]@db:5432/shop"],
  ["redis://:hunter2@cache:6379", "redis://:[password]@cache:6379"],
  ["-----BEGIN RSA PRIVATE KEY-----\\nMIIEow\\n-----END RSA PRIVATE KEY----- is it", "[private key] is it"],
  ["password=hunter2 and more", "password=[secret] and more"],
  ["GET /x?api_key=abc123&page=2", "GET /x?api_key=[secret]&page=2"],
  ["  API_KEY: 'abcdef',", "  API_KEY: '[secret]',"],
  ['{"dbPassword":"it \\"is\\" this","a":1', '{"dbPassword":"[secret]","a":1'],
  ['cut {"password":"begun', 'cut {"password":"[secret]"'],
  ["Set-Cookie: sid=abc; Path=/", "Set-Cookie: [secret]; Path=/"],
  ["call +49 170 1234567 now", "call [phone:e4c2a4e1] now"],
  ["call (415) 555-2671 or 415-555-2671", "call [phone:2e5f1c3b] or [phone:2e5f1c3b]"],
])("%s", (line, expected) => {
  const marks = /\[phone:[0-9a-f]{8}\]/g;
  expect(redactor.text(line).replace(marks, "[phone]")).toBe(expected.replace(marks, "[phone]"));
});

test.each([
  "GET /api/orders 200 12ms",
  "next@16.1.0 react@19.0.0",
  "promptTokens=512 totalTokens: 1024 max_tokens: 4096",
  "connect ECONNREFUSED 10.0.0.5:5432",
  "at Object.<anonymous> (/app/node_modules/.pnpm/next@16.1.0/index.js:10:3)",
  "2026-11-21T11:38:53.123Z 1700000000000 550e8400-e29b-41d4-a716-446655440000",
  "cache key: product:42, primaryKey=id",
  "http://localhost:8080/path/@scope/package",
  "fetched git@github.com:acme/shop.git",
  "hidden as [API_KEY], token=[TOKEN]",
])("an ordinary line stays as it is: %s", (line) => {
  expect(redactor.text(line)).toBe(line);
});

test("addresses keep a mark that is the same for the same person and differs between apps", () => {
  const [, mark] = /\[email:([0-9a-f]{8})\]/.exec(redactor.text("to Ann@Example.com"))!;
  expect(redactor.text("from ann@example.com.")).toBe(`from [email:${mark}].`);
  expect(redactor.text("bob@example.com")).not.toContain(mark!);
  expect(new Redactor(new Uint8Array(32)).text("ann@example.com")).not.toContain(mark!);
});

test("fields are redacted by their names and what they hold, however deep; what the app calls safe stays", () => {
  const fields = {
    user: { email: "ann@example.com", phone: 491701234567, password: { old: "x" } },
    headers: [{ authorization: "whatever" }, "Bearer abcdefgh"],
    "x-api-key": 42,
    cookie: "",
    status: 500,
    ok: true,
    note: "mail support@shop.example or bob@shop.example",
    sessionToken: "t-1",
  };
  const safe = new Redactor(key, { safeFields: ["session_token"], safeValues: ["Support@shop.example"] });
  const redacted = JSON.stringify(safe.fields(fields)).replaceAll(/:[0-9a-f]{8}\]/g, "]");
  expect(JSON.parse(redacted)).toEqual({
    user: { email: "[email]", phone: "[phone]", password: "[secret]" },
    headers: [{ authorization: "[secret]" }, "Bearer [credentials]"],
    "x-api-key": "[secret]",
    cookie: "",
    status: 500,
    ok: true,
    note: "mail support@shop.example or [email]",
    sessionToken: "t-1",
  });
  const domain = new Redactor(key, { safeFields: [], safeValues: ["@shop.example"] });
  expect(domain.text("bob@shop.example")).toBe("bob@shop.example");
});

test("no line makes it slow", () => {
  const evil = [
    "a".repeat(64_000),
    "eyJ".repeat(20_000),
    "key=".repeat(16_000),
    "a@".repeat(30_000),
    "+1 ".repeat(20_000),
    `${"x.y-z_".repeat(10_000)}password`,
    "postgres://".repeat(6_000),
    `${'"'.repeat(60_000)}token`,
    "-----BEGIN PRIVATE KEY-----".repeat(2_000),
    "bearer ".repeat(9_000),
    `password="${"\\a".repeat(30_000)}`,
  ];
  // What takes more than linear time takes minutes for these.
  for (const line of evil) redactor.text(line);
}, 20_000);
