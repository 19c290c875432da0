import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { startCluster } from "../server/cluster.ts";
import { killServer } from "../server/kill-server.ts";
import { processRuns } from "../server/process-table.ts";
import type { RunningCluster } from "../server/running-cluster.ts";
import { type ServerSettings, unsafeSettings } from "../server/server-settings.ts";

export interface TestDatabase {
  name: string;
  connectionString: string;
  drop(): Promise<void>;
}

/** Not `os.tmpdir()`: its folder may be closed to the server's account, or too long for a socket. */
const temporaryRoot = "/tmp";
const prefix = "ek-pg-";

/**
 * A real cluster for a test file: in a temporary folder, without fsync, sockets only. Start one in `beforeAll`
 * (under a second), clone a database for each test (some 20 ms), and stop it in `afterAll`.
 */
export class TestCluster {
  private constructor(
    readonly cluster: RunningCluster,
    private readonly folder: string,
  ) {}

  /** @param settings over the platform's small settings. */
  static async start(settings: ServerSettings = {}): Promise<TestCluster> {
    await removeAbandoned();
    const folder = mkdtempSync(join(temporaryRoot, `${prefix}${process.pid}-`));
    chmodSync(folder, 0o755);
    const cluster = await startCluster({
      dataDir: join(folder, "data"),
      socketDir: join(folder, "s"),
      settings: { ...unsafeSettings, ...settings },
      syncInitialisation: false,
    });
    return new TestCluster(cluster, folder);
  }

  connectionString(database = "postgres"): string {
    return this.cluster.connectionString({ database });
  }

  /** Makes a database once that `cloneDatabase` then copies: apply the migrations in `fill`, and close its connections. */
  async makeTemplate(name: string, fill: (connectionString: string) => Promise<void>): Promise<void> {
    await this.administer(`CREATE DATABASE "${name}"`);
    await fill(this.connectionString(name));
  }

  async cloneDatabase(template = "template1"): Promise<TestDatabase> {
    const name = `t_${randomBytes(6).toString("hex")}`;
    await this.administer(`CREATE DATABASE "${name}" TEMPLATE "${template}" STRATEGY FILE_COPY`);
    return {
      name,
      connectionString: this.connectionString(name),
      drop: () => this.administer(`DROP DATABASE "${name}" WITH (FORCE)`),
    };
  }

  async stop(): Promise<void> {
    await this.cluster.stop("immediate");
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async administer(statement: string): Promise<void> {
    const client = new Client(this.cluster.connectionOptions());
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
}

export const startTestCluster = (settings?: ServerSettings): Promise<TestCluster> =>
  TestCluster.start(settings);

/** A test run that was killed leaves its server running: the next one stops it. */
async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(temporaryRoot)) {
    const owner = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]);
    if (!owner || processRuns(owner)) continue;
    const dataDir = join(temporaryRoot, name, "data");
    if (existsSync(dataDir)) await killServer(dataDir);
    rmSync(join(temporaryRoot, name), { recursive: true, force: true });
  }
}
