import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type AppEnvironment,
  type DatabasesReply,
  type DatabasesRequest,
  type HomeLayout,
  homeLayout,
  parseAppName,
} from "@evenkeel/model";
import { withSession } from "@evenkeel/postgres/client/session";
import { DatabaseKeeper } from "@evenkeel/postgres/keeper/database-keeper";
import { stopDatabases } from "@evenkeel/postgres/keeper/stop-databases";
import type { Client } from "pg";
import type { Bench } from "../bench.ts";
import { makeOrders } from "./order-table.ts";

/** The keeper of databases in this process, with the settings it has in use, in a data directory of its own. */
export class BenchKeeper {
  private constructor(
    readonly layout: HomeLayout,
    private readonly keeper: DatabaseKeeper,
  ) {}

  /** @param folder on the file system that is measured */
  static start(bench: Bench, folder: string): BenchKeeper {
    const home = join(folder, "home");
    mkdirSync(home);
    chmodSync(home, 0o755);
    const layout = homeLayout(home);
    const keeper = new DatabaseKeeper(layout);
    keeper.open();
    bench.resources.defer(async () => {
      await keeper.release();
      await stopDatabases(layout);
    });
    return new BenchKeeper(layout, keeper);
  }

  ask(request: DatabasesRequest): Promise<DatabasesReply> {
    return this.keeper.answer(request, () => {});
  }

  /** A database for an app, with its first backup. */
  async create(app: string): Promise<BenchDatabase> {
    const name: AppEnvironment = { app: parseAppName(app), environment: "production" };
    await this.ask({ type: "ensure", appId: app, ...name });
    const { variables } = await this.ask({ type: "credentials", ...name });
    return new BenchDatabase(this, name, variables!["DATABASE_URL"]!);
  }
}

export class BenchDatabase {
  constructor(
    private readonly keeper: BenchKeeper,
    readonly name: AppEnvironment,
    readonly url: string,
  ) {}

  get folder(): string {
    return join(this.keeper.layout.postgres, "apps", this.name.app, this.name.environment);
  }

  get dataDir(): string {
    return join(this.folder, "data");
  }

  session<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    return withSession(this.url, work);
  }

  /** Fills it, and takes a backup of it. */
  async fill(bench: Bench, sizeMb: number): Promise<void> {
    bench.step(`Filling a database of ${sizeMb} MB`);
    await this.session((client) => makeOrders(client, sizeMb));
    await this.session((client) => client.query("CREATE TABLE marks AS SELECT 'here' AS note"));
    bench.step("Taking a backup");
    await this.keeper.ask({ type: "backup", ...this.name });
  }
}
