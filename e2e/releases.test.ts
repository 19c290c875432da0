import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./harness/http.ts";
import { Load, loadedHandler } from "./harness/load.ts";
import { type Deployed, TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

interface Release {
  version: number;
  deployment: string;
  kind: string;
  reason?: string;
  current: boolean;
}

interface Listed {
  id: string;
  state: string;
  environment: string;
}

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
}, 120_000);
afterAll(() => platform?.stop(), 60_000);

const textAt = async (host: string, path = "/") => (await platform.get(host, path)).text();
const releasesOf = (app: string) => platform.json<Release[]>("list", app, "--releases");
const deploymentsOf = (app: string) => platform.json<Listed[]>("list", app);

/** A version of an app: a function that tells version and setting, and a script named by its content. */
function writeVersion(folder: string, version: string): string {
  return writePrebuilt(folder, {
    functions: { index: loadedHandler(version) },
    files: { [`assets/app-${version.padEnd(8, "0")}.js`]: `run("${version}")` },
  });
}

async function deployVersion(app: string, version: string, ...options: string[]): Promise<Deployed> {
  const folder = writeVersion(platform.sourceFolder(app), version);
  return platform.deploy(folder, "--prebuilt", "--app", app, ...options);
}

function writeEnvironment(name: string, text: string): string {
  const path = join(platform.folder, `${name}.env`);
  writeFileSync(path, text);
  return path;
}

describe("releases of an app", () => {
  const host = "shop.localhost";
  let first: Deployed;
  let second: Deployed;

  test("a deployment goes live and keeps a URL of its own", async () => {
    const one = writeEnvironment("one", "SETTING=one");
    first = await deployVersion("shop", "v1", "--prod", "--env-file", one);
    expect(await textAt(host)).toBe("v1 one");
    const two = writeEnvironment("two", 'SETTING="two words"');
    second = await deployVersion("shop", "v2", "--prod", "--env-file", two, "-m", "a better shop");
    expect(await textAt(host)).toBe("v2 two words");
    expect(await textAt(first.host)).toBe("v1 one");
    expect(await textAt(second.host)).toBe("v2 two words");
  }, 60_000);

  test("without --json the URL stands alone on the last line of standard output", async () => {
    const folder = writeVersion(platform.sourceFolder("plain"), "v1");
    const { exitCode, stdout, stderr } = await platform.run("deploy", folder, "--prebuilt", "--prod");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^http://plain-[a-z0-9]{9}\\.localhost:${platform.port}\n$`));
    expect(stderr).toContain(`Live at http://plain.localhost:${platform.port}`);
  }, 60_000);

  test("hashed files of earlier deployments stay reachable, others do not", async () => {
    expect(await textAt(host, "/assets/app-v1000000.js")).toBe('run("v1")');
    expect(await textAt(host, "/assets/app-v2000000.js")).toBe('run("v2")');
    expect(await textAt(host, "/assets/other.js")).toBe("v2 two words");
  });

  test("a rollback brings code and configuration of the release before back", async () => {
    const rolled = await platform.json<{
      release: Release;
      confirmation: { answered: boolean; status: number; edges: { unconfirmed: string[] } };
    }>("rollback", "shop", "-m", "v2 is slow");
    expect(await textAt(host)).toBe("v1 one");
    expect(rolled.release).toMatchObject({ version: 3, deployment: first.id, kind: "rollback" });
    expect(rolled.confirmation).toMatchObject({ answered: true, status: 200, edges: { unconfirmed: [] } });
  }, 60_000);

  test("a deployment is promoted again, and a release is named", async () => {
    await platform.must("promote", second.id);
    expect(await textAt(host)).toBe("v2 two words");
    await platform.must("rollback", "shop", "--to", "v1");
    expect(await textAt(host)).toBe("v1 one");
    await platform.must("rollback", "shop", "--to", second.id);
    expect(await textAt(host)).toBe("v2 two words");
  }, 60_000);

  test("the ledger tells every release, newest first", async () => {
    const ledger = (await releasesOf("shop")).map(({ version, deployment, kind, reason, current }) => ({
      ...{ version, deployment, kind, current },
      ...(reason && { reason }),
    }));
    expect(ledger).toEqual([
      { version: 6, deployment: second.id, kind: "rollback", current: true },
      { version: 5, deployment: first.id, kind: "rollback", current: false },
      { version: 4, deployment: second.id, kind: "promote", current: false },
      { version: 3, deployment: first.id, kind: "rollback", current: false, reason: "v2 is slow" },
      { version: 2, deployment: second.id, kind: "deploy", current: false, reason: "a better shop" },
      { version: 1, deployment: first.id, kind: "deploy", current: false },
    ]);
  });

  test("a promoted preview is made anew with production's variables", async () => {
    const file = writeEnvironment("preview", "SETTING=preview");
    const preview = await deployVersion("shop", "v3", "--branch", "next", "--env-file", file);
    expect(await textAt("shop-git-next.localhost")).toBe("v3 preview");
    expect(await textAt(host)).toBe("v2 two words");
    const promoted = await platform.json<{ outcome: string; deployment: { id: string } }>(
      "promote",
      preview.id,
    );
    expect(promoted.outcome).toBe("rebuilding");
    expect(promoted.deployment.id).not.toBe(preview.id);
    await eventually(
      () => textAt(host),
      (text) => text === "v3 unset",
    );
  }, 60_000);

  test("a deployment that answers somewhere is not removed, one that does not is", async () => {
    const inUse = (await releasesOf("shop")).find((release) => release.current)!.deployment;
    const refused = await platform.failing("remove", "shop", "--deployment", inUse, "--yes", "--json");
    expect(JSON.parse(refused.stdout).error.code).toBe("deployment_in_use");
    await platform.must("remove", "shop", "--deployment", first.id, "--yes");
    expect((await platform.get(first.host, "/")).status).toBe(404);
    const gone = await platform.failing("rollback", "shop", "--to", "v1", "--json");
    expect(JSON.parse(gone.stdout).error).toMatchObject({
      code: "deployment_state",
      hint: expect.any(String),
    });
    expect(await textAt(host)).toBe("v3 unset");
  }, 60_000);
});

describe("deployments that cannot serve", () => {
  const host = "sound.localhost";
  const deployFailing = async (source: string) => {
    const folder = writePrebuilt(platform.sourceFolder("sound"), { functions: { index: source } });
    const result = await platform.failing(
      "deploy",
      folder,
      "--prebuilt",
      "--app",
      "sound",
      "--prod",
      "--json",
    );
    expect(result.exitCode).toBe(1);
    return JSON.parse(result.stdout).error as { code: string; message: string; hint: string };
  };
  beforeAll(() => deployVersion("sound", "v1", "--prod"), 60_000);

  test.each([
    ["throws when it is loaded", "throw new Error('no database');", "no database"],
    ["throws for every request", "module.exports = () => { throw new Error('broken inside'); };", "GET /"],
    ["ends for every request", "module.exports = () => process.exit(3);", "GET /"],
    ["exports nothing to call", "module.exports = 42;", ""],
  ])(
    "a handler that %s leaves the old one serving",
    async (_what, source, told) => {
      const error = await deployFailing(source);
      expect(error).toMatchObject({ code: "deploy_failed", hint: expect.any(String) });
      expect(error.message).toContain(told);
      expect(await textAt(host)).toBe("v1 unset");
      const [newest] = await deploymentsOf("sound");
      expect(newest!.state).toBe("failed");
      expect((await releasesOf("sound")).map((release) => release.version)).toEqual([1]);
    },
    60_000,
  );

  test("a failed deployment answers nowhere, cannot be promoted, and the next one goes live", async () => {
    const [failed] = await deploymentsOf("sound");
    expect((await platform.get(`sound-${failed!.id}.localhost`, "/")).status).toBe(404);
    const refused = await platform.failing("promote", failed!.id, "--json");
    expect(JSON.parse(refused.stdout).error.code).toBe("deployment_state");
    await deployVersion("sound", "v2", "--prod");
    expect(await textAt(host)).toBe("v2 unset");
  }, 60_000);
});

describe("deployments at once", () => {
  test("of one environment: the one accepted last answers, the other was live before or is superseded", async () => {
    const deploy = async (version: string) => {
      const folder = writeVersion(platform.sourceFolder(`race-${version}`), version);
      return platform.run("deploy", folder, "--prebuilt", "--app", "race", "--prod", "--json");
    };
    await deploy("v0");
    const results = await Promise.all([deploy("v1"), deploy("v2"), deploy("v3")]);
    const [newest, ...older] = await deploymentsOf("race");
    expect(newest!.state).toBe("ready");
    for (const { state } of older) expect(["ready", "superseded"]).toContain(state);
    const live = (await releasesOf("race"))[0]!;
    expect(live).toMatchObject({ deployment: newest!.id, current: true });
    const shown = (await platform.get("race.localhost", "/")).headers["x-evenkeel-deployment"];
    expect(shown).toBe(newest!.id);
    for (const { exitCode, stdout } of results) {
      const answer = JSON.parse(stdout);
      if (exitCode === 0) expect(answer.id).toMatch(/^[a-z0-9]{9}$/);
      else expect(answer.error.message).toContain("superseded");
    }
  }, 60_000);

  test("of two branches: both are there", async () => {
    const deploy = (branch: string) => {
      const folder = writeVersion(platform.sourceFolder(branch), branch);
      return platform.deploy(folder, "--prebuilt", "--app", "race", "--branch", branch);
    };
    await Promise.all([deploy("left"), deploy("right")]);
    expect(await textAt("race-git-left.localhost")).toBe("left unset");
    expect(await textAt("race-git-right.localhost")).toBe("right unset");
  }, 60_000);
});

test("visitors who never stop see no failure and nothing stale while releases change", async () => {
  await deployVersion("busy", "v1", "--prod");
  const load = new Load(platform.port, "busy.localhost", "v1");
  let current = "v1";
  const switchTo = async (version: string, change: () => Promise<unknown>) => {
    load.mayAnswer(version);
    await change();
    load.onlyAnswers(version);
    current = version;
  };
  try {
    for (let round = 2; round <= 11; round++) {
      const before = current;
      await switchTo(`v${round}`, () => deployVersion("busy", `v${round}`, "--prod"));
      await switchTo(before, () => platform.must("rollback", "busy"));
    }
  } finally {
    await load.stop();
  }
  expect(load.failures).toEqual([]);
  expect(load.cut).toBe(0);
  for (const count of Object.values(load.answered)) expect(count).toBeGreaterThan(3);
  expect((await releasesOf("busy")).length).toBe(20);
}, 300_000);

describe("git", () => {
  const app = "pushed";
  const host = `${app}.localhost`;
  let folder: string;

  const git = async (...words: string[]) => {
    const child = Bun.spawn(["git", ...words], {
      cwd: folder,
      env: {
        PATH: process.env["PATH"]!,
        HOME: platform.folder,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_TERMINAL_PROMPT: "0",
        ...{ GIT_AUTHOR_NAME: "Ada", GIT_AUTHOR_EMAIL: "ada@example.com" },
        ...{ GIT_COMMITTER_NAME: "Ada", GIT_COMMITTER_EMAIL: "ada@example.com" },
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { stdout, stderr, exitCode };
  };
  const remote = (token: string) => `http://token:${token}@127.0.0.1:${platform.port}/${app}.git`;
  const commit = async (page: string, more: Record<string, string> = {}) => {
    writeFileSync(join(folder, "index.html"), page);
    for (const [name, content] of Object.entries(more)) writeFileSync(join(folder, name), content);
    await git("add", "-A");
    await git("commit", "-q", "-m", page);
    return (await git("rev-parse", "HEAD")).stdout.trim();
  };

  beforeAll(async () => {
    folder = platform.sourceFolder("repository");
    await git("init", "-q", "-b", "main");
    await commit("<h1>first push</h1>");
  });

  test("a push without a valid token is refused and makes nothing", async () => {
    const refused = await git("push", remote("wrong"), "main");
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/Authentication failed|403|401/);
    const apps = await platform.json<{ name: string }[]>("list");
    expect(apps.map(({ name }) => name)).not.toContain(app);
  }, 60_000);

  test("a push of main goes live, and the pusher sees the build", async () => {
    const pushed = await git("push", remote(platform.token), "main");
    expect(pushed).toMatchObject({ exitCode: 0 });
    expect(pushed.stderr).toMatch(/remote:.*Build Completed/);
    expect(pushed.stderr).toContain(`remote: http://${host}:${platform.port}`);
    expect(await textAt(host)).toBe("<h1>first push</h1>");
  }, 120_000);

  test("a push of another branch makes a preview", async () => {
    await git("checkout", "-q", "-b", "feature/new-shop");
    await commit("<h1>a feature</h1>");
    expect((await git("push", remote(platform.token), "feature/new-shop")).exitCode).toBe(0);
    expect(await textAt(`${app}-git-feature-new-shop.localhost`)).toBe("<h1>a feature</h1>");
    expect(await textAt(host)).toBe("<h1>first push</h1>");
    await git("checkout", "-q", "main");
  }, 120_000);

  test("a push whose build fails is refused, and the branch stays where it was", async () => {
    const before = (await git("rev-parse", "HEAD")).stdout.trim();
    const build = { "package.json": '{"private":true,"scripts":{"build":"echo told you so; exit 7"}}' };
    const after = await commit("<h1>broken</h1>", build);
    const refused = await git("push", remote(platform.token), "main");
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain("told you so");
    expect(refused.stderr).toMatch(/! \[remote rejected\] main -> main/);
    const [head] = (await git("ls-remote", remote(platform.token), "refs/heads/main")).stdout.split("\t");
    expect(head).toBe(before);
    expect(head).not.toBe(after);
    expect(await textAt(host)).toBe("<h1>first push</h1>");
  }, 120_000);
});

test("a removed app answers nowhere and its name is free", async () => {
  const { host: own } = await deployVersion("gone", "v1", "--prod");
  const asked = await platform.failing("remove", "gone", "--json");
  expect([asked.exitCode, JSON.parse(asked.stdout).error.hint]).toEqual([
    2,
    expect.stringContaining("--yes"),
  ]);
  await platform.must("remove", "gone", "--yes");
  for (const name of [own, "gone.localhost"]) expect((await platform.get(name, "/")).status).toBe(404);
  expect((await platform.json<{ name: string }[]>("list")).map(({ name }) => name)).not.toContain("gone");
  await deployVersion("gone", "v9", "--prod");
  expect(await textAt("gone.localhost")).toBe("v9 unset");
  expect((await releasesOf("gone")).map(({ version }) => version)).toEqual([1]);
}, 60_000);
