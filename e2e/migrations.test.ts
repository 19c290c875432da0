import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Client } from "pg";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";

interface Failed {
  error: { code: string; message: string; hint: string };
}

interface Report {
  migrations: { name: string; state: string; effect: string; lsnBefore?: string }[];
  approval?: { key: string; required: boolean; migrations: string[] };
}

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
}, 120_000);
afterAll(() => platform?.stop(), 120_000);

const limitMs = 240_000;
const fixtures = join(import.meta.dir, "fixtures");
const put = (folder: string, files: Record<string, string>): void => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
};

/** A page that says its version, with these migrations and no others. */
function source(app: string, version: string, files: Record<string, string>): string {
  const folder = platform.sourceFolder(app);
  for (const stale of ["migrations", "prisma"]) rmSync(join(folder, stale), { recursive: true, force: true });
  put(writePrebuilt(folder, { files: { "index.html": version } }), files);
  return folder;
}

const deploy = (app: string, version: string, files: Record<string, string>, ...options: string[]) =>
  platform.deploy(source(app, version, files), "--app", app, "--prebuilt", ...options);

async function refused(app: string, version: string, files: Record<string, string>, ...options: string[]) {
  const folder = source(app, version, files);
  const words = ["deploy", folder, "--app", app, "--prebuilt", "--prod", ...options, "--json"];
  return (JSON.parse((await platform.failing(...words)).stdout) as Failed).error;
}

const page = async (host: string) => (await platform.get(host, "/")).text();
const buildLog = (app: string, id: string) => platform.must("logs", app, "--build", id);

async function rows(app: string, sql: string, ...options: string[]): Promise<Record<string, unknown>[]> {
  return (await platform.json<{ rows: Record<string, unknown>[] }>("db", "query", app, sql, ...options)).rows;
}

const columnsOf = async (app: string, table: string) =>
  (
    await rows(
      app,
      `SELECT column_name AS name FROM information_schema.columns WHERE table_name = '${table}' ORDER BY ordinal_position`,
    )
  ).map(({ name }) => name);

async function connect(app: string, ...options: string[]): Promise<Client> {
  const variables = await platform.json<Record<string, string>>("db", "url", app, ...options);
  const client = new Client({ connectionString: variables["DATABASE_URL"], application_name: "visitor" });
  client.on("error", () => {});
  await client.connect();
  return client;
}

interface Status {
  processes: { name: string; pid: number; state: string }[];
}

/** While it is away, `status` ends with 1 and says so. */
const control = async () => {
  const { processes } = JSON.parse((await platform.run("status", "--json")).stdout) as Status;
  return processes.find(({ name }) => name === "control")!;
};

describe("plain SQL", () => {
  const users = {
    "migrations/0001_users.sql":
      "BEGIN;\nCREATE TABLE users (id int, email text);\nINSERT INTO users VALUES (1, 'a@example.com');\nCOMMIT;",
  };
  const split = {
    ...users,
    "migrations/0002_split.sql":
      "ALTER TABLE users ADD COLUMN name text;\n\nALTER TABLE users DROP COLUMN email;",
  };

  test(
    "runs in the deploy, and its state is shown",
    async () => {
      await deploy("shop", "zero", {}, "--prod");
      await platform.must("db", "create", "shop");
      await deploy("shop", "one", users, "--prod");
      expect(await page("shop.localhost")).toBe("one");
      expect(await rows("shop", "SELECT email FROM users")).toEqual([{ email: "a@example.com" }]);
      const shown = await platform.must("db", "migrate", "shop", "--dry-run");
      expect(shown).toMatch(/0001_users +applied +additive/);
    },
    limitMs,
  );

  test(
    "that takes something away is refused, then approved, with a backup before",
    async () => {
      const error = await refused("shop", "two", split);
      expect(error.message).toContain(
        "Migration 0002_split (migrations/0002_split.sql:3) is destructive: it drops column email of users",
      );
      expect(error.hint).toContain("evenkeel db approve shop 0002_split");
      expect(await page("shop.localhost")).toBe("one");
      expect(await columnsOf("shop", "users")).toEqual(["id", "email"]);
      const { migrations, approval } = await platform.json<Report>("db", "migrate", "shop", "--dry-run");
      expect(migrations.map(({ name, state, effect }) => [name, state, effect])).toEqual([
        ["0001_users", "applied", "additive"],
        ["0002_split", "pending", "destructive"],
      ]);
      expect(approval).toMatchObject({ required: true, migrations: ["0002_split"] });
      expect((await platform.failing("db", "approve", "shop", "0001_users")).exitCode).toBe(2);
      await platform.must("db", "approve", "shop", "0002_split", "-m", "names are asked for now");
      const { id } = await deploy("shop", "two", split, "--prod");
      expect(await page("shop.localhost")).toBe("two");
      expect(await columnsOf("shop", "users")).toEqual(["id", "name"]);
      expect(await buildLog("shop", id)).toContain("Approved by admin");
      const backups = await platform.json<{ label: string }[]>("db", "backups", "shop");
      expect(backups.map(({ label }) => label)).toContain("pre-migration");
    },
    limitMs,
  );

  test(
    "that fails half-way leaves production as it was, and the corrected one runs",
    async () => {
      const failing = { ...split, "migrations/0003_orders.sql": "CREATE TABLE orders ();\nSELECT 1 / 0;" };
      const error = await refused("shop", "three", failing);
      expect(error.message).toContain(
        "failed at migrations/0003_orders.sql:2: division by zero (SELECT 1 / 0)",
      );
      expect(await page("shop.localhost")).toBe("two");
      expect(await columnsOf("shop", "users")).toEqual(["id", "name"]);
      expect(await rows("shop", "SELECT to_regclass('orders') AS orders")).toEqual([{ orders: null }]);
      await deploy(
        "shop",
        "three",
        { ...split, "migrations/0003_orders.sql": "CREATE TABLE orders ()" },
        "--prod",
      );
      expect(await page("shop.localhost")).toBe("three");
    },
    limitMs,
  );

  test(
    "waits for a lock in short attempts, and runs when its holder is gone",
    async () => {
      const visitor = await connect("shop");
      await visitor.query("BEGIN");
      await visitor.query("LOCK TABLE users IN ACCESS SHARE MODE");
      const next = {
        ...split,
        "migrations/0003_orders.sql": "CREATE TABLE orders ()",
        "migrations/0004_age.sql": "ALTER TABLE users ADD COLUMN age int",
      };
      const folder = source("shop", "four", next);
      const deploying = platform.run("deploy", folder, "--app", "shop", "--prebuilt", "--prod");
      const lists = () => platform.json<{ id: string; state: string }[]>("list", "shop");
      const [newest] = await eventually(lists, ([first]) => first?.state === "deploying");
      await eventually(
        () => buildLog("shop", newest!.id),
        (log) => log.includes("It did not get its lock; trying again"),
      );
      expect(await page("shop.localhost")).toBe("three");
      await visitor.query("COMMIT");
      await visitor.end();
      expect((await deploying).exitCode).toBe(0);
      expect(await columnsOf("shop", "users")).toEqual(["id", "name", "age"]);
    },
    limitMs,
  );

  test(
    "keeps a rollback from going past it, and the way out that is told leads out",
    async () => {
      // Over what was only added one may go back.
      await platform.must("rollback", "shop", "--to", "v4");
      expect(await page("shop.localhost")).toBe("three");
      const { stdout } = await platform.failing("rollback", "shop", "--to", "v2", "--json");
      const { error } = JSON.parse(stdout) as Failed;
      expect(error.message).toContain("migration 0002_split took away what it may need");
      expect(error.hint).toContain("evenkeel rollback shop --to v5");
      expect((await platform.failing("rollback", "shop", "--to", "v2", "--ignore-schema")).exitCode).toBe(1);
      const restore = /evenkeel (db restore shop --to [0-9A-F/]+)/.exec(error.hint)![1]!;
      await platform.must(...restore.split(" "), "--yes");
      expect(await columnsOf("shop", "users")).toEqual(["id", "email"]);
      await platform.must("rollback", "shop", "--to", "v2");
      expect(await page("shop.localhost")).toBe("one");
      // What ran before the restore would have to run again.
      expect((await platform.failing("rollback", "shop", "--to", "v5")).stderr).toContain(
        "evenkeel db migrate shop",
      );
    },
    limitMs,
  );

  test(
    "may do anything in a preview's own database, and a control plane that is killed amid it runs it once",
    async () => {
      await deploy("shop", "begun", users, "--branch", "five");
      const visitor = await connect("shop", "--branch", "five");
      const { rows: copied } = await visitor.query("SELECT email FROM users");
      expect(copied).toEqual([{ email: "a@example.com" }]);
      await visitor.query("SELECT pg_advisory_lock(7)");
      const folder = source("shop", "five", {
        ...users,
        "migrations/0002_try.sql":
          "DROP TABLE users;\nCREATE TABLE tried (b int);\nSELECT pg_advisory_xact_lock(7);\nINSERT INTO tried VALUES (1);",
      });
      const deploying = platform.run(
        ...["deploy", folder, "--app", "shop", "--prebuilt", "--branch", "five", "--json"],
      );
      const waits = async () =>
        (
          await visitor.query(
            "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted",
          )
        ).rows.length > 0;
      await eventually(waits, (waiting) => waiting);
      const { pid } = await control();
      process.kill(pid, "SIGKILL");
      await eventually(control, (now) => now.pid !== pid && now.state === "running");
      await eventually(waits, (waiting) => waiting);
      await visitor.query("SELECT pg_advisory_unlock(7)");
      expect((await deploying).exitCode).toBe(0);
      expect((await visitor.query("SELECT b FROM tried")).rows).toEqual([{ b: 1 }]);
      expect((await visitor.query("SELECT to_regclass('users') AS users")).rows).toEqual([{ users: null }]);
      await visitor.end();
      expect(await page("shop-git-five.localhost")).toBe("five");
      expect(await columnsOf("shop", "users")).toEqual(["id", "email"]);
    },
    limitMs,
  );
});

test(
  "Prisma's migrations run without its engines, and stand in its own table",
  async () => {
    await deploy("prisma", "zero", {}, "--prod");
    await platform.must("db", "create", "prisma");
    const sql = 'CREATE TABLE "User" ("id" SERIAL NOT NULL, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));\n';
    await deploy(
      "prisma",
      "one",
      {
        "prisma/migrations/20260101000000_init/migration.sql": sql,
        "prisma/migrations/migration_lock.toml": 'provider = "postgresql"\n',
      },
      "--prod",
    );
    expect(
      await rows("prisma", "SELECT migration_name, checksum, applied_steps_count FROM _prisma_migrations"),
    ).toEqual([
      {
        migration_name: "20260101000000_init",
        checksum: new Bun.CryptoHasher("sha256").update(sql).digest("hex"),
        applied_steps_count: 1,
      },
    ]);
  },
  limitMs,
);

test(
  "Drizzle's migrations run, and Drizzle itself finds nothing more to do",
  async () => {
    await platform.deploy(platform.copyFixture("drizzle-notes"), "--app", "drizzle", "--prod");
    const body = JSON.stringify({ text: "first" });
    const headers = { "content-type": "application/json" };
    const written = await platform.ask("drizzle.localhost", "/api/notes", { body, headers });
    expect([written.status, written.text()]).toEqual([200, '[{"text":"first","pinned":false}]']);
    const again = await platform.ask("drizzle.localhost", "/api/notes", { method: "PUT" });
    expect([again.status, again.text()]).toEqual([200, '[{"text":"first","pinned":false}]']);
  },
  limitMs,
);

test(
  "a command of a person runs in a room with its packages, the app's variables and none of the platform's",
  async () => {
    const folder = platform.copyFixture("database-notes", "commanded");
    await platform.api("PUT", "/apps/commanded", {});
    await platform.must("db", "migration-settings", "commanded", "--command", "node migrate.js");
    put(folder, {
      "migrate.js": `
      import pg from "pg";
      const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
      await client.connect();
      await client.query("CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY, text text NOT NULL)");
      await client.end();
      console.log("sees", Object.keys(process.env).sort().join(" "), "as", process.getuid());`,
    });
    const { id } = await platform.deploy(folder, "--app", "commanded", "--prod");
    const seen = /sees (.*) as (\d+)/.exec(await buildLog("commanded", id))!;
    expect(seen[1]).toContain("DATABASE_URL");
    expect(seen[1]).not.toContain("EVENKEEL");
    if (process.getuid?.() === 0) expect(seen[2]).not.toBe("0");
    expect((await platform.get("commanded.localhost", "/api/notes")).json()).toEqual([]);
    // Now there is something to lose, and nobody can read what the command does.
    const { stdout } = await platform.failing("deploy", folder, "--app", "commanded", "--prod", "--json");
    expect((JSON.parse(stdout) as Failed).error).toMatchObject({
      message: expect.stringContaining("node migrate.js has not been approved"),
      hint: expect.stringContaining("evenkeel db approve commanded settings"),
    });
    const { approval } = await platform.json<Report>("db", "migrate", "commanded", "--dry-run");
    await platform.deploy(folder, "--app", "commanded", "--prod", "--approve-migrations", approval!.key);
    const backups = await platform.json<{ label: string }[]>("db", "backups", "commanded");
    expect(backups.map(({ label }) => label)).toContain("pre-migration");
  },
  limitMs,
);

test(
  "a release phase that migrates is preceded by a backup, and what fails in it leaves what was live",
  async () => {
    const folder = platform.sourceFolder("phased");
    for (const name of ["package.json", "package-lock.json"])
      cpSync(join(fixtures, "database-notes", name), join(folder, name));
    const migrating = (rest: string) => `
      import pg from "pg";
      const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
      await client.connect();
      await client.query("CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())");
      console.log("migrated as", process.env.DYNO);
      ${rest}
      await client.end();`;
    put(folder, {
      Procfile: "web: node web.js\nrelease: node migrate.js",
      "web.js": `import http from "node:http";
      http.createServer((_, response) => response.end("one")).listen(process.env.PORT);`,
      "migrate.js": migrating(""),
    });
    const first = await platform.deploy(folder, "--app", "phased", "--prod");
    const log = await buildLog("phased", first.id);
    expect(log).toContain("The database is empty: it needs no backup");
    expect(log).toContain("migrated as release.1");
    expect(await page("phased.localhost")).toBe("one");

    put(folder, { "migrate.js": migrating(`await client.query("DROP TABLE visits"); process.exit(3);`) });
    const failed = await platform.failing("deploy", folder, "--app", "phased", "--prod");
    expect(failed.stderr).toContain("The release phase failed: node migrate.js exited with status 3");
    expect(await page("phased.localhost")).toBe("one");
    expect(await columnsOf("phased", "visits")).toEqual([]);
    const backups = await platform.json<{ label: string; id: string }[]>("db", "backups", "phased");
    expect(backups.map(({ label }) => label)).toContain("pre-migration");
  },
  limitMs,
);
