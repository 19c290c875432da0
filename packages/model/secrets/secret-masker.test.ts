import { expect, test } from "bun:test";
import { isCertainSecret } from "./ordinary-value.ts";
import { secretMasker, secretVariables } from "./secret-masker.ts";

const canary = 'ca/na+ry "7f3a9c"\\end';

test("a secret is replaced by its name, the longest where one holds another, and overlapping ones whole", () => {
  const mask = secretMasker({
    API_KEY: "abcdef",
    LONG_TOKEN: "abcdef-and-more",
    TAIL_TOKEN: "more-and-tail",
  });
  expect(mask("abcdef-and-more abcdef")).toBe("[LONG_TOKEN] [API_KEY]");
  expect(mask("x abcdef-and-more-and-tail y")).toBe("x [LONG_TOKEN] y");
  expect(mask("abcdeabcdef")).toBe("abcde[API_KEY]");
});

test.each([
  ["as it is", canary],
  ["in JSON", JSON.stringify({ a: [canary] })],
  ["in JSON within JSON", JSON.stringify({ a: JSON.stringify({ b: canary }) })],
  ["in a URL", `https://x/?q=${encodeURIComponent(canary)}&r=1`],
  ["in a URL with small hexadecimals", encodeURIComponent(canary).toLowerCase()],
  ["in a form", new URLSearchParams({ q: canary }).toString()],
  ["in hexadecimal", Buffer.from(canary).toString("hex")],
  ...["", "u", "us", "use"].flatMap((before): [string, string][] => [
    [`in base64 after "${before}"`, Buffer.from(`${before}${canary}:after`).toString("base64")],
    [`in base64url after "${before}"`, Buffer.from(`${before}${canary}`).toString("base64url")],
  ]),
])("a secret is found %s", (_, text) => {
  const masked = secretMasker({ API_KEY: canary })(`said: ${text}.`);
  expect(masked).toContain("[API_KEY]");
  const rest = masked.replaceAll("[API_KEY]", "");
  for (const piece of ["7f3a9c", Buffer.from("7f3a9c").toString("hex")]) expect(rest).not.toContain(piece);
  // Of base64 a few characters at either end remain, which hold bits of what stands beside it.
  expect(rest.length).toBeLessThan(text.length - canary.length + 10);
});

test("the password of a URL, lines of a key, and what a JSON value holds are secrets of their own", () => {
  const mask = secretMasker({
    DATABASE_URL: "postgres://app:p%40ss-word@db/app",
    SIGNING_KEY: "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----",
    SERVICE_ACCOUNT: JSON.stringify({
      project: "shop",
      nested: { private_key: "-----BEGIN X-----\nQ2FuYXJ5\n" },
    }),
  });
  expect(mask("p@ss-word p%40ss-word")).toBe("[DATABASE_URL] [DATABASE_URL]");
  expect(mask("at postgres://app:p%40ss-word@db/app")).toBe("at [DATABASE_URL]");
  expect(mask("-----BEGIN PRIVATE KEY-----")).toBe("-----BEGIN PRIVATE KEY-----");
  expect(mask("key MIIEvQIBADAN of shop")).toBe("key [SIGNING_KEY] of shop");
  expect(mask("key Q2FuYXJ5")).toBe("key [SERVICE_ACCOUNT]");
});

test.each([
  ["PORT", "300000"],
  ["FEATURE", "true"],
  ["API_KEY", "1"],
  ["API_TOKEN", "12345"],
  ["STAGE_SECRET", "production"],
  ["LOG_LEVEL", "warning"],
  ["GREETING", "good morning"],
  ["SITE_URL", "https://example.com/shop/v1"],
  ["SMTP_HOST", "smtp2.example.com"],
  ["FROM", "hello1@example.com"],
  ["REGION", "Europe/Berlin"],
  ["FOLDER", "/var/data1/files"],
  ["SINCE", "2024-01-31T10:00:00Z"],
])("an ordinary value stays readable: %s=%s", (name, value) => {
  expect(secretMasker({ [name]: value })(`it is ${value}`)).toBe(`it is ${value}`);
});

test.each([
  ["ANYTHING", "x7f3a9c2"],
  ["PHRASE", "correct horse battery staple"],
  ["LOGIN_PASSWORD", "letters"],
  ["HOOK_URL", "https://hooks.example.com/T1/B1/0123456789abcdefgh"],
  ["FEED", "https://example.com/feed?t=1a2b3c"],
])("a value that may be a secret is hidden whatever its name: %s=%s", (name, value) => {
  expect(secretMasker({ [name]: value })(`it is ${value}`)).toBe(`it is [${name}]`);
});

test("plain and public variables are no secrets", () => {
  const variables = { A_KEY: "1", B_KEY: "2", NEXT_PUBLIC_KEY: "3", VITE_KEY: "4", VAPID_PUBLIC_KEY: "5" };
  expect(secretVariables(variables, ["B_KEY"])).toEqual({ A_KEY: "1" });
});

test.each([
  ["API_KEY", "letters", true],
  ["ACCOUNT_SID", "AC0123456789abcdef01", true],
  ["CLIENT", "7d9f4c52-1b7e-4b62-9a3f-5d1c", true],
  ["HOOK", "https://hooks.example.com/T1/0123456789Abcdefg", true],
  ["MODEL", "claude-sonnet-4-20250514", false],
  ["TITLE", "Shop of 24 hours and a day", false],
  ["IMAGES", "https://cdn.example.com/a-long-folder-of-images-2", false],
])("whether %s=%s is a secret without doubt: %p", (name, value, certain) =>
  expect(isCertainSecret(name, value)).toBe(certain),
);

test("where a text was cut, the beginning of a secret goes too", () => {
  const mask = secretMasker({ API_KEY: "sk_live_0123456789" });
  expect(mask("the key is sk_live_0123", true)).toBe("the key is [API_KEY]");
  expect(mask("the key is sk_live_0123")).toBe("the key is sk_live_0123");
  expect(mask("all of sk_live_0123456789", true)).toBe("all of [API_KEY]");
  expect(secretMasker({ A_KEY: "abcdef", B_KEY: "efghijkl" })("abcdefghij", true)).toBe("[A_KEY]");
  expect(mask("nothing to hide", true)).toBe("nothing to hide");
});

test("what it finds is what a plain search finds, in random texts of few letters", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    return (seed >> 8) % below;
  };
  const word = (length: number) => Array.from({ length }, () => "ab0"[random(3)]).join("");
  for (let round = 0; round < 300; round++) {
    const secrets = Object.fromEntries(
      Array.from({ length: 4 }, (_, n) => [`KEY_${n}`, word(6 + random(4))]),
    );
    const text = word(200);
    const hidden = Array.from(text, () => false);
    for (const value of Object.values(secrets))
      for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1))
        hidden.fill(true, at, at + value.length);
    const expected = [...text].filter((_, at) => !hidden[at]).join("");
    expect(secretMasker(secrets)(text).replaceAll(/\[KEY_\d\]/g, "")).toBe(expected);
  }
});
