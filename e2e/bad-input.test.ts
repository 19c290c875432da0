import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Deployed, TestPlatform } from "./harness/platform.ts";
import { type PrebuiltApp, writePrebuilt } from "./harness/prebuilt.ts";

interface ErrorJson {
  code: string;
  message: string;
  hint?: string;
}

let platform: TestPlatform;
let live: Deployed;
let folders = 0;

const newFolder = () => platform.sourceFolder(`input-${++folders}`);

beforeAll(async () => {
  platform = await TestPlatform.start();
  const folder = writePrebuilt(newFolder(), { files: { "index.html": "sound" }, config: {} });
  live = await platform.deploy(folder, "--prebuilt", "--app", "sound", "--prod");
}, 120_000);
afterAll(() => platform?.stop(), 60_000);

/** Fails as promised: exit code, JSON on standard output alone, and a remedy. */
async function errorOf(exitCode: number, ...words: string[]): Promise<ErrorJson> {
  const result = await platform.failing(...words, "--json");
  expect({ words, exitCode: result.exitCode }).toEqual({ words, exitCode });
  const lines = result.stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  const { error } = JSON.parse(lines[0]!) as { error: ErrorJson };
  expect(error).toEqual({
    code: expect.stringMatching(/^[a-z_]+$/) as never,
    message: expect.stringMatching(/\S/) as never,
    hint: expect.stringMatching(/\S/) as never,
  });
  expect(error.message).not.toMatch(/undefined|\[object|node_modules|\n\s+at /);
  return error;
}

const expectSound = async () => expect((await platform.get("sound.localhost", "/")).text()).toBe("sound");

describe("commands", () => {
  test.each<[string[], number, string, RegExp]>([
    [["frobnicate"], 2, "usage", /unknown command 'frobnicate'/],
    [["rolback", "sound"], 2, "usage", /unknown command 'rolback'/],
    [["deploy", "--production"], 2, "usage", /unknown option '--production'/],
    [["rollback"], 2, "usage", /missing required argument 'app'/],
    [["list", "sound", "--limit", "many"], 2, "usage", /--limit "many"/],
    [["list", "--releases"], 2, "usage", /needs an app/],
    [["logs", "sound", "--since", "5 parsecs"], 2, "invalid_value", /5 parsecs/],
    [["rollback", "sound", "--to", "v1.2"], 2, "usage", /v1\.2/],
    [["up", "--port", "70000"], 2, "usage", /--port "70000"/],
    [["up", "--port", "1"], 2, "usage", /is running with --port/],
    [["up", "--domain", "not a host"], 2, "usage", /not a host/],
    [["remove", "sound"], 2, "usage", /needs a confirmation/],
    [["rollback", "nobody"], 1, "app_unknown", /"nobody"/],
    [["logs", "nobody"], 1, "app_unknown", /"nobody"/],
    [["list", "nobody"], 1, "app_unknown", /"nobody"/],
    [["remove", "nobody", "--yes"], 1, "app_unknown", /"nobody"/],
    [["inspect", "nobody"], 1, "app_unknown", /"nobody"/],
    [["promote", "nobody"], 2, "invalid_value", /"nobody"/],
    [["promote", "abcdefghi"], 1, "deployment_unknown", /abcdefghi/],
    [["inspect", "abcdefghi"], 1, "deployment_unknown", /abcdefghi/],
    [["logs", "sound", "--build", "abcdefghi"], 1, "deployment_unknown", /abcdefghi/],
    [["rollback", "sound"], 1, "release_unknown", /sound\.localhost/],
    [["rollback", "sound", "--to", "v7"], 1, "release_unknown", /v7/],
    [["restart", "everything"], 2, "invalid_value", /"everything"/],
    [["deploy", "/no/such/folder"], 2, "invalid_value", /\/no\/such\/folder/],
    [["deploy", "/etc/hostname"], 2, "invalid_value", /\/etc\/hostname/],
    [
      ["deploy", ".", "--app", "sound", "--env-file", "/no/such/file"],
      2,
      "invalid_value",
      /\/no\/such\/file/,
    ],
  ])(
    "%j is refused",
    async (words, exitCode, code, told) => {
      const error = await errorOf(exitCode, ...words);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(told);
    },
    30_000,
  );

  test("without --json the message and its remedy stand on standard error, and nothing on standard output", async () => {
    for (const words of [["rollback", "nobody"], ["logs", "sound", "--since", "soon"], ["deploi"]]) {
      const { stdout, stderr } = await platform.failing(...words);
      expect(stdout).toBe("");
      expect(stderr.trimEnd().split("\n").length).toBeGreaterThanOrEqual(2);
    }
  }, 30_000);

  test("a command that is misspelt is told the one that was meant", async () => {
    expect((await errorOf(2, "rolback", "sound")).hint).toContain("rollback");
  });

  test("a deployment of another app is not touched by a slip", async () => {
    const folder = writePrebuilt(newFolder(), { files: { "index.html": "other" }, config: {} });
    await platform.deploy(folder, "--prebuilt", "--app", "other", "--prod");
    const [older] = [await platform.deploy(folder, "--prebuilt", "--app", "other")];
    for (const words of [
      ["remove", "sound", "--deployment", older.id, "--yes"],
      ["logs", "sound", "--deployment", older.id],
      ["rollback", "sound", "--to", older.id],
    ]) {
      const error = await errorOf(words[0] === "rollback" ? 1 : 2, ...words);
      expect(error.message).toContain(older.id);
    }
    expect((await platform.get(older.host, "/")).text()).toBe("other");
  }, 60_000);

  test("every command has an example in its help, and without the platform exits with 69", async () => {
    const help = await platform.must("--help");
    const commands = [...help.matchAll(/^ {2}([a-z]+)(?:\|[a-z]+)? (?:\[options\]).*$/gm)].map(
      ([, name]) => name!,
    );
    expect(commands.length).toBeGreaterThanOrEqual(11);
    for (const command of commands) {
      const text = await platform.must(command, "--help");
      expect([command, text]).toEqual([command, expect.stringMatching(/Examples?:\n {2}\S/) as never]);
      expect(text).toContain("--json");
    }
    const nowhere = { EVENKEEL_HOME: join(platform.folder, "nowhere") };
    for (const command of ["list", "status"]) {
      const { exitCode, stdout } = await platform.runIn(platform.folder, [command, "--json"], nowhere);
      expect([command, exitCode]).toEqual([command, 69]);
      expect(JSON.parse(stdout).error.code).toBe("platform_not_running");
    }
  }, 60_000);
});

describe("names of apps", () => {
  test.each([
    "a;touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "a|b",
    "../../etc",
    "a b",
    "A",
    "1a",
    "a.b",
    "-a",
    "a\nb",
    "x".repeat(41),
    "shop-git-x",
    "api",
  ])(
    "%j is refused and runs nothing",
    async (name) => {
      const folder = newFolder();
      for (const words of [
        ["deploy", folder, `--app=${name}`],
        ["logs", "--", name],
        ["rollback", "--", name],
        ["remove", "--yes", "--", name],
      ]) {
        const result = await platform.runIn(folder, words.toSpliced(1, 0, "--json"));
        expect({ words, exitCode: result.exitCode }).toEqual({ words, exitCode: 2 });
        expect(JSON.parse(result.stdout).error.hint).toMatch(/\S/);
      }
      expect(existsSync(join(folder, "pwned"))).toBe(false);
    },
    30_000,
  );

  test("one is made of package.json's name, or asked for", async () => {
    const folder = writePrebuilt(newFolder(), { files: { "index.html": "named" }, config: {} });
    writeFileSync(join(folder, "package.json"), '{"name":"@team/My_App; rm -rf"}');
    const deployed = await platform.deploy(folder, "--prebuilt", "--prod");
    expect(deployed.app).toBe("my-app-rm-rf");
    writeFileSync(join(folder, "package.json"), '{"name":"---"}');
    expect((await errorOf(2, "deploy", folder, "--prebuilt")).hint).toContain("--app");
  }, 30_000);
});

describe("vercel.json", () => {
  const errorFor = async (text: string) => {
    const folder = newFolder();
    writeFileSync(join(folder, "index.html"), "page");
    writeFileSync(join(folder, "vercel.json"), text);
    const error = await errorOf(1, "deploy", folder, "--app", "sound", "--prod");
    await expectSound();
    return error;
  };

  test.each<[string, string, RegExp]>([
    ["an unknown key", '{"rewrite": []}', /"rewrite".*"rewrites"/s],
    ["a key in the wrong case", '{"cleanURLs": true}', /"cleanURLs".*"cleanUrls"/s],
    ["a value of the wrong kind", '{"cleanUrls": "yes"}', /cleanUrls/],
    ["a rewrite without a destination", '{"rewrites": [{"source": "/a"}]}', /rewrites.*destination/s],
    ["what is not JSON", '{"cleanUrls": true,,}', /vercel\.json/],
  ])(
    "%s is named, with what was meant",
    async (_what, text, told) => {
      const { message, hint } = await errorFor(text);
      expect(`${message}\n${hint}`).toMatch(told);
    },
    60_000,
  );
});

describe("a build output made by hand", () => {
  const errorFor = async (app: PrebuiltApp, change: (output: string) => void = () => {}) => {
    const folder = writePrebuilt(newFolder(), app);
    change(join(folder, ".vercel/output"));
    const error = await errorOf(1, "deploy", folder, "--prebuilt", "--app", "sound", "--prod");
    await expectSound();
    return error;
  };
  const page = { files: { "index.html": "page" }, config: {} };
  const fn = { functions: { index: "module.exports = (request, response) => response.end();" } };

  test("that is not there", async () => {
    expect((await errorOf(1, "deploy", newFolder(), "--prebuilt", "--app", "sound")).message).toContain(
      ".vercel/output/config.json",
    );
  });

  test.each<[string, PrebuiltApp, (output: string) => void, RegExp]>([
    [
      "whose config.json is no JSON",
      page,
      (output) => writeFileSync(join(output, "config.json"), "{ version: 3"),
      /config\.json/,
    ],
    [
      "of version 2",
      page,
      (output) => writeFileSync(join(output, "config.json"), '{"version":2}'),
      /config\.json.*version/s,
    ],
    [
      "with a route that is no regular expression",
      { ...page, config: { routes: [{ src: "/(" }] } },
      () => {},
      /routes\[0\].*regular expression/s,
    ],
    [
      "with a phase that does not exist",
      { ...page, config: { routes: [{ handle: "filesytem" }] } },
      () => {},
      /routes\[0\]/,
    ],
    [
      "whose function lacks its handler",
      fn,
      (output) => rmSync(join(output, "functions/index.func/index.js")),
      /index.*index\.js/s,
    ],
    [
      "whose function lacks its settings",
      fn,
      (output) => rmSync(join(output, "functions/index.func/.vc-config.json")),
      /\.vc-config\.json/,
    ],
    ["with a runtime that nobody has", { ...fn, settings: { runtime: "cobol85.x" } }, () => {}, /cobol85\.x/],
    [
      "whose function takes files from outside",
      { ...fn, settings: { filePathMap: { "key.txt": "../../../../etc/passwd" } } },
      () => {},
      /etc\/passwd/,
    ],
    [
      "whose function puts a file outside its folder",
      { ...fn, settings: { filePathMap: { "../../evil.js": ".vercel/output/config.json" } } },
      () => {},
      /evil\.js/,
    ],
    [
      "whose handler is outside its folder",
      { ...fn, settings: { handler: "../../../x.js" } },
      () => {},
      /x\.js/,
    ],
    [
      "with a link to a file outside",
      page,
      (output) => symlinkSync("/etc/passwd", join(output, "static/passwd")),
      /passwd/,
    ],
    [
      "with a link to a folder outside",
      page,
      (output) => symlinkSync("../../../../../..", join(output, "static/all")),
      /all/,
    ],
    [
      "with a function that is a link to the outside",
      page,
      (output) => {
        mkdirSync(join(output, "functions"));
        symlinkSync("/tmp", join(output, "functions/outside.func"));
      },
      /outside\.func/,
    ],
  ])(
    "%s is refused, and the app serves what it did",
    async (_what, app, change, told) => {
      const { message } = await errorFor(app, change);
      expect(message).toMatch(told);
    },
    60_000,
  );
});

describe("variables of a deployment", () => {
  const folderWith = (text: string) => {
    const folder = writePrebuilt(newFolder(), {
      functions: { index: "module.exports = (request, response) => response.json(process.env);" },
    });
    writeFileSync(join(folder, "its.env"), text);
    return [folder, join(folder, "its.env")] as const;
  };

  test.each(["NODE_OPTIONS=--require /tmp/x.js", "LD_PRELOAD=/tmp/x.so", "EVENKEEL_HOME=/", "PATH=/tmp"])(
    "%s is refused",
    async (line) => {
      const [folder, file] = folderWith(`GOOD=1\n${line}\n`);
      const error = await errorOf(1, "deploy", folder, "--prebuilt", "--app", "sound", "--env-file", file);
      expect(error.code).toBe("variable_refused");
      expect(error.message).toContain(line.slice(0, line.indexOf("=")));
    },
    30_000,
  );

  test("the platform's own, as a pulled file has them, are left out; values are taken as they stand", async () => {
    const [folder, file] = folderWith('VERCEL_URL=mine\nQUOTED=\'$(id) "x"\'\nLINES="a\\nb"\n');
    const { host } = await platform.deploy(folder, "--prebuilt", "--app", "sound", "--env-file", file);
    const seen = (await platform.get(host, "/")).json() as Record<string, string>;
    expect(seen).toMatchObject({
      VERCEL_URL: `${host}:${platform.port}`,
      QUOTED: '$(id) "x"',
      LINES: "a\nb",
    });
  }, 30_000);
});

test("what was refused has left no trace", async () => {
  await expectSound();
  const releases = await platform.json<{ deployment: string }[]>("list", "sound", "--releases");
  expect(releases.map(({ deployment }) => deployment)).toEqual([live.id]);
});
