import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestCluster } from "@evenkeel/postgres";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { until } from "../testing/until.ts";

/** The first build on a machine fetches the toolchain; all suites share it afterwards. */
const limitMs = 600_000;

let cluster: TestCluster;
let control: TestControl;
let relay: { stop(closeAll: boolean): Promise<void>; port: number | undefined };
let work: string;
beforeAll(async () => {
  cluster = await startControlCluster();
  control = await TestControl.start(cluster, { apart: true });
  control.shareToolchain();
  // In the edge's place: git speaks TCP, control listens on a socket.
  relay = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: (request) => {
      const url = new URL(request.url);
      return fetch(`http://localhost${url.pathname}${url.search}`, {
        method: request.method,
        headers: request.headers,
        body: request.body,
        unix: control.layout.controlSocket,
        timeout: false,
        decompress: false,
      } as RequestInit);
    },
  });
  work = join(control.folder, "work");
  mkdirSync(work);
  await git("init", "--quiet", "--initial-branch=main");
  await git("remote", "add", "evenkeel", remote(control.adminToken));
}, limitMs);
afterAll(async () => {
  await relay.stop(true);
  await control.stop();
  await cluster.stop();
}, limitMs);

const remote = (token: string, app = "site") => `http://${token}@127.0.0.1:${relay.port}/${app}.git`;

async function git(...words: string[]): Promise<{ exitCode: number; output: string }> {
  const child = Bun.spawn(["git", ...words], {
    cwd: work,
    env: {
      PATH: process.env["PATH"]!,
      HOME: control.folder,
      GIT_TERMINAL_PROMPT: "0",
      GIT_AUTHOR_NAME: "Ann",
      GIT_AUTHOR_EMAIL: "ann@example.com",
      GIT_COMMITTER_NAME: "Ann",
      GIT_COMMITTER_EMAIL: "ann@example.com",
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, output: out + err };
}

async function commit(files: Record<string, string>): Promise<string> {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(work, name), content);
  await git("add", "--all");
  await git("commit", "--quiet", "--message", `Change ${Object.keys(files).join(", ")}`);
  return (await git("rev-parse", "HEAD")).output.trim();
}

const refs = async () => (await git("ls-remote", "evenkeel")).output.trim().split("\n").filter(Boolean);

test(
  "a push without a token is turned away, and one without the permission too",
  async () => {
    await commit({ "index.html": "<h1>one</h1>", "package.json": '{"private":true}' });
    const anonymous = await git("push", `http://127.0.0.1:${relay.port}/site.git`, "main");
    expect(anonymous.exitCode).not.toBe(0);
    expect(anonymous.output).toMatch(/could not read Username|Authentication failed/);
    const { secret } = await control.client().createToken({ name: "reader", permissions: ["read"] });
    const reader = await git("push", remote(secret), "main");
    expect(reader.output).toContain("403");
    expect((await control.client().listApps()).apps).toEqual([]);
    const injected = await git("push", remote(control.adminToken, "..%2f..%2fetc"), "main");
    expect(injected.exitCode).not.toBe(0);
  },
  limitMs,
);

test(
  "a push whose build fails says why, exits with an error and leaves the branch where it was",
  async () => {
    await commit({ "vercel.json": '{ "rewritess": [] }' });
    const pushed = await git("push", "evenkeel", "main");
    expect(pushed.exitCode).not.toBe(0);
    expect(pushed.output).toMatch(/remote: Deploying [0-9a-f]{7} to production as [a-z0-9]{9}/);
    expect(pushed.output).toMatch(/! \[remote rejected\] main -> main \(.*rewritess.*\)/);
    expect(await refs()).toEqual([]);
    const { deployments } = await control.client().listDeployments({ app: "site" });
    expect(deployments).toMatchObject([{ state: "failed", error: { code: "vercel_config_invalid" } }]);
  },
  limitMs,
);

test(
  "a push to main is built, its log streamed, and released to production; another branch gets its alias and loses it",
  async () => {
    const sha = await commit({ "vercel.json": "{}" });
    const pushed = await git("push", "evenkeel", "main");
    expect(pushed).toMatchObject({ exitCode: 0 });
    expect(pushed.output).toContain("remote: -----> Released v1 at http://site.localhost");
    expect(pushed.output).toContain(`remote: http://site.localhost:${control.edge.port}`);
    expect(await refs()).toEqual([`${sha}\tHEAD`, `${sha}\trefs/heads/main`]);
    const { deployments } = await control
      .client()
      .listDeployments({ app: "site", environment: "production" });
    expect(deployments[0]).toMatchObject({ branch: "main", git: { sha, ref: "main", authorName: "Ann" } });
    expect(control.edge.answering("site.localhost")).toBe(deployments[0]!.id);
    expect(control.edge.answering("site-git-main.localhost")).toBe(deployments[0]!.id);
    expect((await git("push", "evenkeel", "main")).output).toContain("Everything up-to-date");

    expect((await git("push", "evenkeel", "main:feature/Try")).exitCode).toBe(0);
    expect(control.edge.answering("site-git-feature-try.localhost")).toBeDefined();
    expect(control.edge.answering("site.localhost")).toBe(deployments[0]!.id);
    const deleted = await git("push", "evenkeel", "--delete", "feature/Try");
    expect(deleted).toMatchObject({ exitCode: 0 });
    await until(
      "the alias is gone",
      () => control.edge.answering("site-git-feature-try.localhost") === undefined,
    );
    expect(await refs()).toHaveLength(2);

    expect((await git("push", "evenkeel", "HEAD:refs/tags/v1")).exitCode).toBe(0);
    expect((await git("push", "evenkeel", "HEAD:refs/evenkeel/commits/x")).exitCode).not.toBe(0);
    const cloned = await git("clone", "--quiet", remote(control.adminToken), join(control.folder, "clone"));
    expect(cloned.exitCode).toBe(0);
    expect(readdirSync(join(control.folder, "clone")).sort()).toEqual([
      ".git",
      "index.html",
      "package.json",
      "vercel.json",
    ]);
  },
  limitMs,
);

test(
  "a push that takes two people returns at once, and goes live by the other one's word",
  async () => {
    const of = { app: "site", environment: "production" } as const;
    await control
      .client()
      .setReleasePlan({ ...of, plan: { approvals: { manualRollback: 0, productionDeploy: 2 } } });
    await commit({ "index.html": "<p>asks for a word</p>" });
    const { exitCode, output } = await git("push", "evenkeel", "main");
    expect({ exitCode, output }).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining("another person's word"),
    });
    const { approvals } = await control.client().listApprovals();
    expect(approvals).toHaveLength(1);
    const { secret } = await control.client().createToken({ name: "ben", permissions: ["read", "release"] });
    await control.client(secret).approve({ app: "site", approval: approvals[0]!.id });
    const done = await control.finished(approvals[0]!.content["deployment"] as string);
    expect(done.releases.map(({ environment }) => environment)).toContain("production");
  },
  limitMs,
);
