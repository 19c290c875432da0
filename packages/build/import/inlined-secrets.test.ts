import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import type { InlinedSecrets } from "./inlined-secrets.ts";
import { nodeFunction, OutputFixture } from "./output-fixture.ts";

let fixture: OutputFixture;
beforeEach(() => {
  fixture = new OutputFixture();
  fixture.write({ "@/config.json": { version: 3 } });
});
afterEach(() => fixture.remove());

const key = "canary-of-a-key/7";
const secrets = { API_KEY: key, SHOP_TITLE: "Open for 24 hours" };

const bring = async (given: Record<string, string> = secrets) => {
  let found: InlinedSecrets | undefined;
  await fixture.bring({}, { secrets: given, onInlined: (inlined) => (found = inlined) });
  return found;
};
const refusal = (given?: Record<string, string>) =>
  bring(given).then(
    () => undefined,
    (error) => error as { code: string; message: string },
  );

test("a secret in what browsers load is refused by file and name, without the value, and before anything is stored", async () => {
  fixture.write({
    "@/static/index.html": "<p>",
    "@/static/assets/app.js": `fetch(url,{headers:{key:"${key}"}})`,
    "@/static/assets/app.js.map": JSON.stringify({ sourcesContent: [JSON.stringify({ a: key })] }),
    "@/functions/page.func/.vc-config.json": nodeFunction(),
    "@/functions/page.func/index.js": "",
    "@/functions/page.prerender-config.json": {
      expiration: false,
      fallback: { type: "FileFsRef", fsPath: "page.prerender-fallback.html" },
    },
    "@/functions/page.prerender-fallback.html": `<a href="/?k=${encodeURIComponent(key)}">`,
  });
  const error = await refusal();
  expect(error).toMatchObject({ code: "secret_exposed" });
  for (const file of [
    "static/assets/app.js",
    "static/assets/app.js.map",
    "functions/page.prerender-fallback",
  ])
    expect(error!.message).toContain(`${file}: API_KEY`);
  expect(error!.message).not.toContain("index.html");
  expect(error!.message).not.toContain("canary");
  expect(existsSync(fixture.layout.artifactOutputs)).toBe(false);
});

test("a secret is found where it stands across the pieces in which a large file is read", async () => {
  const pieces = 4 * 1024 * 1024;
  for (const at of [pieces - key.length + 1, pieces - 1, 2 * pieces - 5]) {
    fixture.write({ "@/static/large.bin": `${"x".repeat(at)}${key}${"y".repeat(100)}` });
    expect(await refusal()).toMatchObject({ code: "secret_exposed" });
  }
});

test("on the server it is said and let pass, packages left out; values that may be meant are said of client files", async () => {
  fixture.write({
    "@/static/index.html": "<title>Open for 24 hours</title>",
    "@/functions/api.func/.vc-config.json": nodeFunction(),
    "@/functions/api.func/index.js": `const key = "${key}", title = "Open for 24 hours"`,
    "@/functions/api.func/node_modules/a/index.js": key,
  });
  expect(await bring()).toEqual({
    exposed: [],
    doubtful: [{ file: "static/index.html", names: ["SHOP_TITLE"] }],
    server: [{ file: "api.func/index.js", names: ["API_KEY"] }],
  });
});

test("ordinary values are not searched for", async () => {
  fixture.write({ "@/static/index.html": "1 true production warning https://shop.example" });
  const ordinary = { A_KEY: "1", B: "true", C: "production", D: "warning", E: "https://shop.example" };
  expect(await bring(ordinary)).toEqual({ exposed: [], doubtful: [], server: [] });
});
