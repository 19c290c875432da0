import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { nodeFunction, OutputFixture } from "./output-fixture.ts";

let fixture: OutputFixture;
beforeEach(() => {
  fixture = new OutputFixture();
});
afterEach(() => fixture.remove());

const refusal = async () => {
  const error = await fixture.bring().then(
    () => ({ code: "taken", message: "" }),
    (failure) => failure,
  );
  return `${error.code}: ${error.message}`;
};

const config = { "@/config.json": { version: 3 } };
const f = (more: object, handler = "1") => ({
  ...config,
  "@/functions/f.func/.vc-config.json": nodeFunction(more),
  "@/functions/f.func/index.js": handler,
});

test.each<[string, Record<string, string | object>, () => void, string]>([
  [
    "a static link that leaves the output",
    { ...config, ".env": "secret" },
    () => fixture.link("@/static/env", "../../../.env"),
    "output_path_refused: The build output was refused: .vercel/output/static/env",
  ],
  [
    "a static link to the machine",
    config,
    () => fixture.link("@/static/passwd", "/etc/passwd"),
    "output_path_refused: The build output was refused: .vercel/output/static/passwd",
  ],
  [
    "a link through a folder that leaves",
    { ...config, "outer/x": "1" },
    () => fixture.link("@/static/d", "../../../outer"),
    "output_path_refused: The build output was refused: .vercel/output/static/d",
  ],
  [
    "a static folder that is itself a link out",
    { ...config, "secrets/x": "1" },
    () => fixture.link("@/static", "../../secrets"),
    "output_path_refused: The build output was refused: .vercel/output/static",
  ],
  [
    "an override that climbs",
    { "@/config.json": { version: 3, overrides: { "a.html": { path: "../a" } } }, "@/static/a.html": "a" },
    () => {},
    'output_path_refused: The build output was refused: config.json: overrides: "a.html"',
  ],
  [
    "a filePathMap source outside",
    f({ filePathMap: { "a.txt": "../../etc/passwd" } }),
    () => {},
    "output_path_refused",
  ],
  [
    "a filePathMap target outside",
    f({ filePathMap: { "../a.txt": "package.json" } }),
    () => {},
    'output_path_refused: The build output was refused: filePathMap of .vercel/output/functions/f.func writes to "../a.txt"',
  ],
  [
    "a filePathMap file that is missing",
    f({ filePathMap: { "lib/a.js": "lib/a.js" } }),
    () => {},
    'output_handler_missing: Function .vercel/output/functions/f.func lacks the file "lib/a.js"',
  ],
  [
    "a link out of a function",
    { ...f({}), secret: "x" },
    () => fixture.link("@/functions/f.func/s", "../../../../secret"),
    "output_path_refused: The build output was refused: .vercel/output/functions/f.func/s",
  ],
  [
    "a missing handler",
    f({ handler: "main.js" }),
    () => {},
    'output_handler_missing: Function .vercel/output/functions/f.func lacks its handler: the file "main.js"',
  ],
  [
    "a handler outside",
    f({ handler: "../../x.js" }),
    () => {},
    "output_handler_missing: Function .vercel/output/functions/f.func lacks its handler",
  ],
  [
    "a runtime that is not here",
    f({ runtime: "python3.12" }),
    () => {},
    'output_unsupported: Function .vercel/output/functions/f.func asks for the runtime "python3.12"',
  ],
  [
    "a function without settings",
    { ...config, "@/functions/f.func/index.js": "1" },
    () => {},
    "output_handler_missing: Function .vercel/output/functions/f.func has no .vc-config.json",
  ],
  [
    "a prerender without its function",
    { ...config, "@/functions/p.prerender-config.json": { expiration: 1 } },
    () => {},
    "output_handler_missing: functions/p.prerender-config.json has no function",
  ],
  [
    "a prerender without its fallback",
    { ...f({}), "@/functions/f.prerender-config.json": { expiration: 1, fallback: "f.html" } },
    () => {},
    'output_invalid: functions/f.prerender-config.json names the fallback "f.html"',
  ],
  [
    "a link to nothing",
    config,
    () => fixture.link("@/static/x", "y"),
    "output_invalid: The build output was refused",
  ],
  [
    "a link to itself",
    config,
    () => fixture.link("@/static/x", "x"),
    "output_invalid: The build output was refused",
  ],
  [
    "a folder that contains itself",
    { ...config, "@/static/a/x": "1" },
    () => fixture.link("@/static/a/up", "../a"),
    "output_invalid: The build output was refused: .vercel/output/static/a/up contains itself",
  ],
  [
    "a pipe",
    { ...config, "@/static/x": "1" },
    () => void Bun.spawnSync(["mkfifo", fixture.at("@/static/pipe")]),
    "output_invalid: The build output was refused: .vercel/output/static/pipe is neither a file nor a folder",
  ],
  [
    "two files for one path",
    {
      "@/config.json": { version: 3, overrides: { "a.html": { path: "a" } } },
      "@/static/a.html": "1",
      "@/static/a": "2",
    },
    () => {},
    "output_invalid: static/a and static/a.html both claim the path /a",
  ],
  [
    "services",
    { ...config, "@/services/web/config.json": {} },
    () => {},
    "output_unsupported: The build output holds several",
  ],
  ["no config", { "@/static/x": "1" }, () => {}, "output_invalid: The build output has no config.json"],
  ["a config that is no JSON", { "@/config.json": "{" }, () => {}, "output_invalid: config.json is not JSON"],
  [
    "an unknown version",
    { "@/config.json": { version: 4 } },
    () => {},
    "output_unsupported: config.json has version 4",
  ],
  [
    "a schedule without a target",
    { "@/config.json": { version: 3, schedules: { a: { schedule: "0 0 * * *" } } } },
    () => {},
    "output_invalid: config.json: schedules[0].target",
  ],
  [
    "a cron that no clock shows",
    { "@/config.json": { version: 3, crons: [{ path: "/a", schedule: "60 * * * *" }] } },
    () => {},
    'output_invalid: config.json: crons[0].schedule: "60 * * * *": the minute 60 does not exist',
  ],
  [
    "a schedule of a function that was not built",
    { "@/config.json": { version: 3, schedules: { a: { schedule: "0 * * * *", function: "api/a" } } } },
    () => {},
    'output_invalid: The schedule "a" is for the function "api/a", which the build has not made',
  ],
  [
    "a route of the wrong shape",
    { "@/config.json": { version: 3, routes: [{ handle: "hit" }, { src: "/a", status: "404" }] } },
    () => {},
    "output_invalid: config.json: routes[1]: status",
  ],
  [
    "a route that is no regular expression",
    { "@/config.json": { version: 3, routes: [{ src: "/(" }] } },
    () => {},
    "output_invalid: config.json: routes[0].src is not a regular expression",
  ],
  [
    "a condition that is no regular expression",
    {
      "@/config.json": {
        version: 3,
        routes: [{ src: "/", missing: [{ type: "query", key: "a", value: "[" }] }],
      },
    },
    () => {},
    "output_invalid: config.json: routes[0].missing[0].value is not a regular expression",
  ],
])("%s is refused by name, and nothing of the output exists", async (_title, files, prepare, message) => {
  fixture.write(files);
  prepare();
  expect(await refusal()).toStartWith(message);
  expect(
    existsSync(fixture.layout.artifactOutputs) ? readdirSync(fixture.layout.artifactOutputs) : [],
  ).toEqual([]);
});
