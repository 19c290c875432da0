import { afterEach, beforeEach, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type HomeLayout, homeLayout } from "@evenkeel/model";
import { importOutput } from "../import/import-output.ts";
import { isolationMissing } from "../room/room-isolation.ts";
import { buildFolder } from "../vercel-build/build-folder.ts";
import { bundleEnvSchema } from "./bundle-env-schema.ts";
import { checkEnvironment, type EnvironmentCheck } from "./check-environment.ts";
import { scrub } from "./scrub.ts";

const repository = join(import.meta.dir, "../../..");
const isolated = isolationMissing().length === 0;
const limitMs = 60_000;
let folder: string;
let layout: HomeLayout;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-schema-"));
  Bun.spawnSync(["chmod", "711", folder]);
  layout = homeLayout(join(folder, "home"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** With what they need themselves. */
const libraries = {
  zod: ["zod"],
  valibot: ["valibot"],
  arktype: ["arktype", "@ark/schema", "@ark/util", "arkregex"],
};

/** An app with these files beside libraries of its own, bundled, imported, and asked about an environment. */
async function check(
  files: Record<string, string>,
  environment: Record<string, string> = {},
): Promise<EnvironmentCheck> {
  const build = buildFolder(layout, "build1234");
  const output = join(build.source, "web/.vercel/output");
  mkdirSync(output, { recursive: true });
  writeFileSync(join(output, "config.json"), '{"version":3}');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(build.source, "web", name)), { recursive: true });
    writeFileSync(join(build.source, "web", name), text);
  }
  for (const [library, packages] of Object.entries(libraries)) {
    if (!Object.values(files).some((text) => text.includes(`"${library}"`))) continue;
    for (const name of packages)
      cpSync(join(repository, "node_modules", name), join(build.source, "web/node_modules", name), {
        recursive: true,
      });
  }
  const envSchema = await bundleEnvSchema(build, "web");
  const project = join(build.source, "web");
  const imported = await importOutput(layout, {
    ...{ output, project, boundary: build.source },
    ...(envSchema && { envSchema }),
  });
  if (!imported.envSchema) return { hasSchema: false, faults: [] };
  const result = await checkEnvironment(layout, { id: "check1234", schema: imported.envSchema, environment });
  expect(readdirSync(layout.builds)).toEqual(["build1234"]);
  return result;
}

const zodSchema = {
  "env.ts": `import { z } from "zod";
    import { port } from "./src/port";
    export default z.object({
      API_KEY: z.string().startsWith("key_", { error: (issue) => "not a key: " + issue.input }),
      PORT: port, SITE: z.url(), STAGE: z.enum(["production", "staging"]),
    });`,
  "src/port.ts": 'import { z } from "zod"; export const port = z.coerce.number().int();',
};
const sound = { API_KEY: "key_1", PORT: "80", SITE: "https://a.example", STAGE: "production" };

test(
  "all faults are told at once by name, never with a value; what is right passes",
  async () => {
    expect(await check(zodSchema, sound)).toEqual({ hasSchema: true, faults: [] });
    const { faults } = await check(zodSchema, { API_KEY: "canary-value", PORT: "x1", STAGE: "canary-stage" });
    expect(faults.map(({ name }) => name)).toEqual(["API_KEY", "PORT", "SITE", "STAGE"]);
    expect(faults[0]!.message).toBe("not a key: ***");
    expect(faults[3]!.message).toContain('"production"|"staging"');
    expect(JSON.stringify(faults)).not.toContain("canary");
  },
  limitMs,
);

test.each([
  [
    "valibot",
    `import * as v from "valibot";
    export const env = v.object({
      API_KEY: v.pipe(v.string(), v.startsWith("key_")),
      PORT: v.pipe(v.string(), v.transform(Number), v.integer()),
      SITE: v.pipe(v.string(), v.url()),
      STAGE: v.picklist(["production", "staging"]),
    });`,
  ],
  [
    "arktype",
    `import { type } from "arktype";
    export default type({
      API_KEY: /^key_/, PORT: "string.integer.parse", SITE: "string.url", STAGE: "'production'|'staging'",
    });`,
  ],
])(
  "a schema of %s says the same",
  async (_, text) => {
    expect(await check({ "env.ts": text }, sound)).toEqual({ hasSchema: true, faults: [] });
    const { faults } = await check(
      { "env.ts": text },
      { API_KEY: "canary-value", PORT: "x1", STAGE: "canary-stage" },
    );
    expect(faults.map(({ name }) => name).sort()).toEqual(["API_KEY", "PORT", "SITE", "STAGE"]);
    expect(JSON.stringify(faults)).not.toContain("canary");
  },
  limitMs,
);

test(
  "a schema that throws, hangs, leaves early, or is one of several is told apart from a wrong environment",
  async () => {
    const failing = async (text: string) => {
      const error = await check({ "env.mjs": text }, { KEY: "canary-value" }).catch((thrown) => thrown);
      rmSync(buildFolder(layout, "build1234").path, { recursive: true, force: true });
      expect(error.message).not.toContain("canary");
      return `${error.code}: ${error.message}`;
    };
    expect(await failing("throw new Error('no ' + process.env.KEY)")).toMatch(
      /^env_schema_failed: .*threw Error: no \*\*\*$/,
    );
    expect(await failing("process.exit(0)")).toMatch(/^env_schema_failed: .*ended before/);
    expect(
      await failing("const s = { '~standard': { validate: () => ({}) } }; export const a = s, b = s;"),
    ).toMatch(/several schemas \(a, b\)/);
    expect(await failing("import './missing.ts'; export default 1;")).toMatch(
      /^env_schema_unreadable: env\.mjs /,
    );
    expect(await failing("for (;;);")).toMatch(/^env_schema_failed: .*longer than 10 s/);
  },
  limitMs * 2,
);

test(
  "a file that exports no schema, and no file, say nothing of the environment",
  async () => {
    expect(await check({ "env.js": "export const env = process.env;" })).toEqual({
      hasSchema: false,
      faults: [],
    });
    rmSync(join(buildFolder(layout, "build1234").source, "web/env.js"));
    expect(await check({})).toEqual({ hasSchema: false, faults: [] });
  },
  limitMs,
);

test.skipIf(!isolated)(
  "a schema sees the app's variables and nothing of the platform: no files, no network",
  async () => {
    const spy = `import { existsSync, readdirSync } from "node:fs";
      import { networkInterfaces } from "node:os";
      const seen = [Object.keys(process.env).sort().join(), existsSync(${JSON.stringify("/work")}), existsSync(${JSON.stringify("HOME")}),
        Object.keys(networkInterfaces()).length, process.getuid() > 0];
      const reach = fetch("http://127.0.0.1:" + process.env.LISTENING).then(() => "reached", () => "alone");
      export default { "~standard": { version: 1, vendor: "spy", async validate() {
        return { issues: [{ message: JSON.stringify([...seen, await reach]), path: ["KEY"] }] }; } } };`;
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("secret") });
    try {
      const text = spy.replace('"HOME"', JSON.stringify(layout.home));
      const { faults } = await check({ "env.ts": text }, { KEY: "v", LISTENING: String(server.port) });
      const [names, work, home, interfaces, user, reach] = JSON.parse(faults[0]!.message);
      expect([names, work, home, user, reach]).toEqual([
        "HOME,KEY,LISTENING,PATH,TMPDIR",
        true,
        false,
        true,
        "alone",
      ]);
      expect(interfaces).toBeLessThanOrEqual(1);
    } finally {
      await server.stop(true);
    }
  },
  limitMs,
);

test("messages keep their sense and lose every value, also cut, quoted and in capitals", () => {
  const values = ["sk_live_0123456789", "4711", "ab"];
  expect(scrub("must be an email", values, "ab")).toBe("must be an email");
  expect(scrub('must be a number (was "sk_live_0123456789")', values)).toBe("must be a number");
  expect(scrub('Invalid email: Received "ab"', values, "ab")).toBe("Invalid email");
  expect(scrub("bad: sk_live_0123456789!", values)).toBe("bad: ***!");
  expect(scrub("bad: SK_LIVE_012…", values)).toBe("does not meet the schema");
  expect(scrub("pin 4711 is too short", values)).toBe("pin *** is too short");
});
