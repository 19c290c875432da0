import { expect, test } from "bun:test";
import { validateVercelConfig } from "./validate-vercel-config.ts";

function failure(text: string): { code: string; message: string; hint: string } {
  try {
    validateVercelConfig(text);
  } catch (error) {
    return error as never;
  }
  throw new Error("taken");
}

test("a config with everything that Vercel's documentation shows is taken", () => {
  const config = {
    $schema: "https://openapi.vercel.sh/vercel.json",
    version: 2,
    buildCommand: "npm run build",
    installCommand: null,
    framework: "vite",
    outputDirectory: "dist",
    cleanUrls: true,
    trailingSlash: false,
    crons: [{ path: "/api/cron", schedule: "0 5 * * *" }],
    functions: { "api/*.ts": { memory: 1024, maxDuration: 30, includeFiles: "data/**" } },
    headers: [{ source: "/(.*)", headers: [{ key: "x-a", value: "b" }] }],
    images: { sizes: [256], remotePatterns: [{ hostname: "cdn.example.com" }] },
    redirects: [{ source: "/a", destination: "/b", permanent: false, has: [{ type: "header", key: "x" }] }],
    rewrites: [{ source: "/p/:id", destination: "/page?id=:id" }],
    regions: ["iad1"],
    git: { deploymentEnabled: { main: true } },
  };
  expect(validateVercelConfig(JSON.stringify(config))).toEqual(config);
});

test("an unknown key is named with its line, and the nearest known one is suggested", () => {
  const error = failure('{\n  "cleanUrls": true,\n  "rewrite": []\n}');
  expect(error.code).toBe("vercel_config_invalid");
  expect(error.message).toBe('vercel.json, line 3, column 3: unknown key "rewrite"');
  expect(error.hint).toBe('Did you mean "rewrites"?');
});

test("an unknown key deep inside is found, also among alternatives", () => {
  const redirect = failure(
    '{ "redirects": [\n { "source": "/a", "destination": "/b", "permanant": true } ] }',
  );
  expect(redirect.message).toBe('vercel.json, line 2, column 41: unknown key "permanant" in redirects[0]');
  expect(redirect.hint).toBe('Did you mean "permanent"?');
  const memory = failure('{ "functions": { "api/a.js": { "memmory": 1024 } } }');
  expect(memory.message).toContain('unknown key "memmory" in functions.api/a.js');
  expect(memory.hint).toBe('Did you mean "memory"?');
});

test("a key unlike any other gets the documentation, not a wild guess", () => {
  expect(failure('{ "zzzzzzzzz": 1 }').hint).toContain("https://vercel.com/docs");
});

test("a wrong type is named with path, place and what stands there", () => {
  expect(failure('{\n\n  "cleanUrls": "yes"\n}').message).toBe(
    'vercel.json, line 3, column 16: cleanUrls should be boolean, and is "yes"',
  );
  expect(failure('{ "crons": [{ "path": "/a", "schedule": "daily" }] }').message).toContain(
    "crons[0].schedule",
  );
  expect(failure("[]").message).toContain("the file should be object");
});

test("a schedule that cannot be kept is named with its line and what to write instead", () => {
  const cron = (schedule: string) =>
    `{\n  "crons": [\n    { "path": "/a", "schedule": "${schedule}" }\n  ]\n}`;
  expect(failure(cron("* * * * * *"))).toMatchObject({
    message:
      'vercel.json, line 3, column 33: crons[0].schedule: "* * * * * *" has 6 fields; a schedule has five',
    hint: "Seconds cannot be scheduled: leave the first field out.",
  });
  expect(failure(cron("60 * * * *")).message).toContain("the minute 60 does not exist");
  expect(failure(cron("31 2 *")).message).toContain("has 3 fields");
  expect(failure(cron("*/0 * * * *")).message).toContain("the minute step */0 is no step");
  expect(
    failure('{ "schedules": { "a": { "schedule": "0 9 * * *", "timezone": "Mars/A", "path": "/a" } } }')
      .message,
  ).toContain("schedules.a.timezone: there is no time zone");
  expect(failure('{ "schedules": { "a": null } }').message).toContain("schedules.a should be object");
  const many = Array.from({ length: 10_000 }, () => ({ path: "/a", schedule: "0 * * * *" }));
  expect(failure(JSON.stringify({ crons: many })).message).toContain("crons: 10000 entries; 100 is the most");
});

test("broken JSON is named with its place", () => {
  expect(failure('{\n  "cleanUrls": true\n  "x": 1\n}').message).toBe(
    "vercel.json is not valid JSON: line 3, column 3: comma expected",
  );
  expect(failure("").message).toContain("not valid JSON");
  expect(failure("{ // why\n}").message).toContain("line 1");
});
