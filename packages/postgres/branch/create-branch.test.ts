import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AppCluster } from "../app-cluster/app-cluster.ts";
import { withSession } from "../client/session.ts";
import { unsafeSettings } from "../server/server-settings.ts";
import { ArchivedCluster } from "../testing/archived-cluster.ts";
import { freePort } from "../testing/free-port.ts";
import { until } from "../testing/until.ts";
import { type BranchRequest, createBranch } from "./create-branch.ts";

const limitMs = 180_000;
let parent: ArchivedCluster;
let appUrl: string;

beforeAll(async () => {
  parent = await ArchivedCluster.start({}, { zeroLoss: true });
  const cluster = new AppCluster({
    name: "shop/production",
    dataDir: parent.dataDir,
    socketDir: join(parent.folder, "s"),
    port: parent.port,
    password: "parent",
  });
  await cluster.start();
  appUrl = cluster.appConnectionString(parent.server);
  await asParent("CREATE TABLE users (id int PRIMARY KEY, email text)");
  await asParent("INSERT INTO users SELECT g, g || '@example.org' FROM generate_series(1, 5000) g");
  await parent.backup();
}, limitMs);
afterAll(() => parent.stop(), limitMs);

const asParent = (text: string) => withSession(appUrl, async (client) => (await client.query(text)).rows);

const request = (changes: Partial<BranchRequest> = {}): BranchRequest => ({
  source: { kind: "running", dataDir: parent.dataDir, connection: parent.server.connectionOptions() },
  dataDir: join(parent.folder, "branch"),
  password: "preview",
  ...changes,
});

/** Serves the branch as a preview's cluster would, asks, and removes it. */
async function useBranch<Result>(work: (url: string) => Promise<Result>): Promise<Result> {
  const cluster = new AppCluster({
    name: "shop/preview",
    dataDir: join(parent.folder, "branch"),
    socketDir: join(parent.folder, "b"),
    port: freePort(),
    password: "preview",
    settings: unsafeSettings,
  });
  await cluster.start();
  try {
    return await work(cluster.environment()["DATABASE_URL"]!);
  } finally {
    await cluster.stop("immediate");
    rmSync(join(parent.folder, "branch"), { recursive: true, force: true });
  }
}

const ask = (url: string, text: string) =>
  withSession(url, async (client) => (await client.query(text)).rows);
const count =
  "SELECT count(*)::int AS users, count(*) FILTER (WHERE email LIKE '%@%')::int AS personal FROM users";

test(
  "a branch of a cluster that is written to has its rows, its own password, and no effect on the parent",
  async () => {
    let writing = true;
    const writer = (async () => {
      for (let id = 10_000; writing; id++) await asParent(`INSERT INTO users VALUES (${id}, 'x')`);
    })();
    const { sizeBytes } = await createBranch(request());
    writing = false;
    await writer;
    expect(sizeBytes).toBeGreaterThan(20 * 1024 * 1024);
    await useBranch(async (url) => {
      const [row] = (await ask(url, count)) as [{ users: number; personal: number }];
      expect(row.personal).toBe(5_000);
      // Commits do not wait for the parent's archive.
      await ask(url, "DELETE FROM users");
      await expect(ask(url.replace("preview", "parent"), "SELECT 1")).rejects.toMatchObject({
        code: "28P01",
      });
    });
    expect((await asParent(count))[0]).toMatchObject({ personal: 5_000 });
  },
  limitMs,
);

test(
  "a branch is scrubbed before anybody can see it, and is not made when scrubbing fails",
  async () => {
    const failing = createBranch(
      request({ scrubSql: "UPDATE users SET email = NULL; DELETE FROM no_such_table" }),
    );
    await expect(failing).rejects.toMatchObject({
      code: "branch_scrub_failed",
      message: expect.stringContaining("no_such_table"),
    });
    expect(readdirSync(parent.folder).filter((name) => name.startsWith("branch"))).toEqual([]);
    // It is the app's role that scrubs: no way to the machine.
    const program = createBranch(request({ scrubSql: "COPY users TO PROGRAM 'cat'" }));
    await expect(program).rejects.toMatchObject({ code: "branch_scrub_failed" });
    await createBranch(request({ scrubSql: "UPDATE users SET email = 'user ' || id" }));
    await useBranch(async (url) => {
      expect((await ask(url, count))[0]).toMatchObject({ personal: 0 });
    });
  },
  limitMs,
);

test(
  "a branch can be made of a stopped copy and of any point of the archive",
  async () => {
    await until("the archive has all", async () => (await parent.archiver.flush()) !== undefined);
    const stopped = join(parent.folder, "restored");
    await parent.restore("latest", { dataDir: stopped });
    await createBranch(request({ source: { kind: "stopped", dataDir: stopped } }));
    await useBranch(async (url) => expect((await ask(url, count))[0]).toMatchObject({ personal: 5_000 }));
    await createBranch(
      request({ source: { kind: "archive", archive: parent.archive, target: { kind: "latest" } } }),
    );
    await useBranch(async (url) => expect((await ask(url, count))[0]).toMatchObject({ personal: 5_000 }));
    rmSync(stopped, { recursive: true });
  },
  limitMs,
);

test(
  "a server's folder given as stopped is refused",
  async () => {
    const served = createBranch(request({ source: { kind: "stopped", dataDir: parent.dataDir } }));
    await expect(served).rejects.toMatchObject({ code: "branch_source_unsuitable" });
    expect(existsSync(join(parent.folder, "branch"))).toBe(false);
  },
  limitMs,
);
