import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { eventually } from "./harness/http.ts";
import { Load, loadedHandler } from "./harness/load.ts";
import { repository, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

interface Changed {
  deployments: { id: string; release: number }[];
}

interface Listed {
  name: string;
  live: boolean;
}

interface Release {
  version: number;
  reason?: string;
}

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
}, 120_000);
afterAll(() => platform?.stop(), 60_000);

const host = "shop.localhost";
const textAt = async (at: string) => (await platform.get(at, "/")).text();
const file = (name: string, text: string) => {
  const path = join(platform.folder, name);
  writeFileSync(path, text);
  return path;
};
const deploy = (...options: string[]) => {
  const folder = platform.sourceFolder("shop");
  writePrebuilt(folder, { functions: { index: loadedHandler("v1") } });
  return platform.deploy(folder, "--prebuilt", "--app", "shop", ...options);
};
/** As a person pipes a secret. */
const setFromInput = (name: string, value: string) =>
  platform.runIn(repository, ["env", "set", "shop", name, "--json"], {}, value);

describe("variables of an app", () => {
  test("one that is set before the first deployment is there in it, and a preview never sees production's", async () => {
    expect(await setFromInput("SETTING", "production's\n")).toMatchObject({ exitCode: 0 });
    await deploy("--prod");
    expect(await textAt(host)).toBe("v1 production's");
    const preview = await deploy("--branch", "feature");
    expect(await textAt(preview.host)).toBe("v1 unset");
    await platform.must("env", "set", "shop", "SETTING=preview's", "--env", "preview");
    expect(await textAt((await deploy("--branch", "feature")).host)).toBe("v1 preview's");
  }, 120_000);

  test("a secret is rotated under steady requests without one that fails, and comes back with a rollback", async () => {
    const load = new Load(platform.port, host, "v1");
    const seen: string[] = [];
    const rotate = ["env", "rotate", "shop", "SETTING", "--overlap", "2s", "--json"];
    for (const [value, words] of [
      ["second", ["env", "set", "shop", "SETTING", "--json"]],
      ["third", rotate],
      ["fourth", rotate],
    ] as const) {
      const { exitCode, stdout } = await platform.runIn(repository, [...words], {}, value);
      expect(exitCode).toBe(0);
      expect((JSON.parse(stdout) as Changed).deployments).toHaveLength(1);
      seen.push(await textAt(host));
      // The end of an overlap is a release, too.
      await eventually(
        () => platform.json<Listed[]>("env", "ls", "shop", "--env", "production"),
        (all) => all.every(({ name, live }) => live && name !== "SETTING_PREVIOUS"),
      );
    }
    const before = (await platform.json<Release[]>("list", "shop", "--releases")).filter(
      ({ reason }) => reason?.startsWith("SETTING") && reason.endsWith("set"),
    );
    await platform.must("rollback", "shop", "--to", `v${before[1]!.version}`);
    seen.push(await textAt(host));
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(seen).toEqual(["v1 second", "v1 third", "v1 fourth", "v1 third"]);
    expect(Object.values(load.answered).every((count) => count > 0)).toBe(true);
    expect((await platform.must("env", "reveal", "shop", "SETTING")).trim()).toBe("third");
  }, 120_000);

  test("a file is taken whole or not at all, and is written back as it was, for its owner alone", async () => {
    const bad = file("bad.env", 'FINE=1\nNODE_OPTIONS="--inspect"\n\nA-B=2\n');
    const refused = await platform.failing("env", "push", "shop", bad);
    expect(refused.stderr).toContain(`${bad}:2: "NODE_OPTIONS" cannot be set: it changes every Node process`);
    expect(refused.stderr).toContain(`${bad}:4: "A-B" cannot be set`);
    expect(await platform.must("env", "ls", "shop", "--env", "production")).not.toContain("FINE");

    const text = `QUOTED='it is "so" # here'\nLINES="one\ntwo"\nEMPTY=\nDOLLAR=$HOME\nVERCEL_ENV=forged\n`;
    await platform.must("env", "push", "shop", file("good.env", text), "--env", "development");
    const pulled = join(platform.folder, "pulled.env");
    await platform.must("env", "pull", "shop", pulled);
    expect(statSync(pulled).mode & 0o777).toBe(0o600);
    await platform.must("env", "push", "shop", pulled, "--env", "preview");
    const values = await platform.json("env", "reveal", "shop", "LINES", "--env", "preview");
    expect(values).toEqual({ LINES: "one\ntwo" });
    const again = join(platform.folder, "again.env");
    await platform.must("env", "pull", "shop", again, "--env", "preview");
    for (const line of readFileSync(pulled, "utf8").split("\n").slice(1))
      expect(readFileSync(again, "utf8")).toContain(line);
    expect(readFileSync(pulled, "utf8")).not.toContain("VERCEL_ENV");
  }, 120_000);

  test("the history names who changed what, and what is asked for in clear is on record", async () => {
    const history = await platform.must("env", "history", "shop");
    expect(history).toMatch(/admin +brought back SETTING, SETTING_PREVIOUS +v\d+/);
    expect(history).not.toContain("third");
    const audit = (await platform.api("GET", "/audit?app=shop")).text();
    expect(audit).toContain('"variable.reveal"');
    expect(audit).not.toContain("third");
  }, 120_000);
});

describe("an app that ships a schema of its variables", () => {
  const settings = async () => {
    const answer = await platform.get("env-schema.localhost", "/api/settings");
    return answer.status === 200 ? answer.json() : answer.status;
  };
  const key = "key_canary-of-the-schema";
  const setKey = (value: string) =>
    platform.runIn(repository, ["env", "set", "env-schema", "API_KEY"], {}, value);

  test("it is refused while references lead nowhere and while its schema finds faults, all by name, and then accepted", async () => {
    const folder = platform.copyFixture("env-schema");
    const unresolved = await platform.failing("deploy", folder, "--prod");
    expect(unresolved.stderr).toContain("@site-url (for SITE_URL)");
    await platform.must("env", "set", "env-schema", "SITE_URL=no-url");
    expect(await setKey("canary-of-nothing")).toMatchObject({ exitCode: 0 });

    const refused = await platform.failing("deploy", folder, "--prod");
    expect(refused.stderr).toContain("do not meet its env.ts");
    expect(refused.stderr).toMatch(/API_KEY: no key of ours: \*\*\*\n *SITE_URL: Invalid URL/);
    expect(refused.stderr).not.toContain("canary");
    expect(await settings()).toBe(404);

    await platform.must("env", "set", "env-schema", "SITE_URL=https://shop.example");
    expect(await setKey(key)).toMatchObject({ exitCode: 0 });
    await platform.deploy(folder, "--prod");
    expect(await settings()).toEqual({ keyLength: key.length, pageSize: "20", site: "https://shop.example" });
  }, 180_000);

  test("a change that the schema refuses changes nothing, and a reference follows what it refers to", async () => {
    const refused = await setKey("canary-of-a-change");
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("API_KEY: no key of ours: ***");
    const gone = await platform.failing("env", "rm", "env-schema", "SITE_URL");
    expect(gone.stderr).toContain("@site-url (for SITE_URL)");
    expect(await settings()).toMatchObject({ keyLength: key.length });
    expect(await platform.must("env", "history", "env-schema")).not.toContain("canary");

    await platform.must("env", "set", "env-schema", "SITE_URL=https://other.example", "PAGE_SIZE=50");
    expect(await settings()).toMatchObject({ site: "https://other.example", pageSize: "50" });
    await platform.must("env", "rm", "env-schema", "PAGE_SIZE");
    expect(await settings()).toMatchObject({ pageSize: "20" });
  }, 120_000);

  test("no value stands in any file of the data directory, log or answer of the API, though the app prints it", async () => {
    await settings();
    const printed = await eventually(
      () => platform.must("logs", "env-schema"),
      (text) => text.includes("the key is "),
    );
    expect(printed).toContain("the key is [API_KEY]");
    const encoded = Buffer.from(`shop:${key}`).toString("base64");
    expect(printed).not.toContain(encoded.slice(8, -4));
    for (const path of ["", "/variables", "/variables/changes", "/deployments", "/releases"])
      expect((await platform.api("GET", `/apps/env-schema${path}`)).text()).not.toContain("canary");
    expect((await platform.api("GET", "/audit?app=env-schema")).text()).not.toContain("canary");
    // Sources and databases' files, too: what is sealed is sealed there.
    const filesWith = (text: string) =>
      Bun.spawnSync(["grep", "-rlaF", text, platform.home]).stdout.toString();
    expect(filesWith("the key is [API_KEY]")).toContain("logs/apps/env-schema/");
    expect(filesWith("canary-of-")).toBe("");
    expect(filesWith(encoded.slice(8, -4))).toBe("");
  }, 120_000);
});

test("a secret that a build has put into what browsers load is refused, and served once somebody says that it may be known", async () => {
  const value = "maps-canary-4711";
  const folder = platform.sourceFolder("inlined");
  writePrebuilt(folder, { files: { "index.html": "<p>", "assets/app.js": `load("${value}")` } });
  await platform.must("env", "set", "inlined", `MAPS_KEY=${value}`);
  const deploying = ["deploy", folder, "--prebuilt", "--prod", "--app", "inlined"];
  const refused = await platform.failing(...deploying);
  expect(refused.stderr).toContain("static/assets/app.js: MAPS_KEY");
  expect(refused.stderr).toContain("evenkeel env publish");
  expect(refused.stdout + refused.stderr).not.toContain(value);
  expect((await platform.get("inlined.localhost", "/assets/app.js")).status).toBeGreaterThanOrEqual(400);
  expect(Bun.spawnSync(["grep", "-rlF", value, join(platform.home, "artifacts")]).stdout.toString()).toBe("");

  await platform.must("env", "publish", "inlined", "MAPS_KEY");
  await platform.deploy(folder, "--prebuilt", "--prod", "--app", "inlined");
  expect((await platform.get("inlined.localhost", "/assets/app.js")).text()).toContain(value);
  const audit = (await platform.api("GET", "/audit?app=inlined")).text();
  expect(audit).toContain("publishedVariables");
  await platform.must("env", "publish", "inlined", "MAPS_KEY", "--undo");
  expect((await platform.failing(...deploying)).stderr).toContain("MAPS_KEY");
}, 120_000);

test("the master key is replaced while apps are served, and a lost one comes back from its export", async () => {
  const identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  const seen = await textAt(host);
  const master = join(platform.home, "keys/master.key");
  const before = readFileSync(master, "hex");
  const load = new Load(platform.port, host, "v1", ["kept", "fresh"]);
  const { values } = await platform.json<{ values: number }>("key", "rotate");
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(values).toBeGreaterThan(0);
  expect(readFileSync(master, "hex")).not.toBe(before);

  const recovery = join(platform.folder, "recovery.age");
  await platform.must("key", "export", "--recipient", recipient, "--secrets", "--output", recovery);
  expect((await platform.failing("key", "import", recovery, "--identity", recovery)).stderr).toContain(
    "while the platform runs",
  );
  await platform.must("down");
  rmSync(master);
  await platform.must("key", "import", recovery, "--identity", file("identity.txt", identity));
  await platform.must("up", "--detach", "--port", String(platform.port));
  expect(await textAt(host)).toBe(seen);
  expect(await setFromInput("SETTING", "after the recovery")).toMatchObject({ exitCode: 0 });
  expect(await textAt(host)).toBe("v1 after the recovery");
}, 120_000);
