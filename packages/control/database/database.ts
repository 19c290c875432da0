import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { DatabaseUnavailableError } from "../errors.ts";
import type { Change } from "../events/change.ts";
import type { Connection } from "./connection.ts";
import { isUnavailable, mayBeRepeated } from "./database-faults.ts";

// bigint as number: sequences here stay far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export interface DatabaseOptions {
  connectionString: string;
  /** Connections at most; default 10. */
  connections?: number;
  /** What was published, once it is committed. */
  onChange?: (change: Change) => void;
}

/**
 * The control plane's database. It may go away and come back at any time: statements then reject with
 * `DatabaseUnavailableError`, and the next ones work again on fresh connections.
 */
export class Database implements Connection {
  /** For libraries that speak to `pg` themselves. */
  readonly pool: pg.Pool;
  private readonly progressPool: pg.Pool;

  /**
   * For rows that are written again after a crash (steps' progress): a commit that does not wait for the disk, at most some 0.6 s
   * of them are lost when the database server dies. Each later durable commit makes them durable too.
   */
  readonly progress: Connection = {
    query: (text, parameters) => run(this.progressPool, text, parameters),
    publish: (change) => this.publish(change),
  };

  constructor(private readonly options: DatabaseOptions) {
    const common = {
      connectionString: options.connectionString,
      connectionTimeoutMillis: 3_000,
      // A server that hangs is as good as gone.
      query_timeout: 30_000,
      idleTimeoutMillis: 60_000,
      application_name: "evenkeel-control",
    };
    this.pool = makePool({ ...common, max: options.connections ?? 10 });
    this.progressPool = makePool({ ...common, max: 2, options: "-c synchronous_commit=off" });
  }

  query<Row extends pg.QueryResultRow>(text: string, parameters?: unknown[]): Promise<Row[]> {
    return run(this.pool, text, parameters);
  }

  /**
   * Runs `work` in a transaction: its return commits, its throw rolls back. A deadlock or serialisation failure runs it again.
   * When the connection is lost at the commit itself, nobody knows whether it took place: that is `DatabaseUnavailableError` too,
   * so callers write such that a repetition finds what was already done.
   */
  async transaction<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(work);
      } catch (error) {
        if (attempt >= 5 || !mayBeRepeated(error)) throw error;
        await sleep(Math.random() * 10 * attempt);
      }
    }
  }

  /** One connection of its own, for advisory locks. */
  async withSession<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
    const client = await checkOut(this.pool);
    try {
      return await work({
        query: (text, parameters) => run(client, text, parameters),
        publish: (change) => this.publish(change),
      });
    } finally {
      // Whatever the session holds ends with it.
      client.release(true);
    }
  }

  publish(change: Change): void {
    this.options.onChange?.(change);
  }

  async answers(): Promise<boolean> {
    try {
      await this.query("SELECT 1");
      return true;
    } catch {
      return false;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.pool.end(), this.progressPool.end()]);
  }

  private async attempt<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
    const client = await checkOut(this.pool);
    let broken = true;
    try {
      await run(client, "BEGIN");
      try {
        const changes: Change[] = [];
        const result = await work({
          query: (text, parameters) => run(client, text, parameters),
          publish: (change) => changes.push(change),
        });
        await run(client, "COMMIT");
        broken = false;
        for (const change of changes) this.publish(change);
        return result;
      } catch (error) {
        await run(client, "ROLLBACK").then(
          () => {
            broken = false;
          },
          () => {},
        );
        throw error;
      }
    } finally {
      client.release(broken);
    }
  }
}

function makePool(options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(options);
  // A killed backend is an `error` event on the idle or busy client; unheard it would end the process. The statement
  // under way rejects by itself.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

async function checkOut(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw told(error);
  }
}

async function run<Row extends pg.QueryResultRow>(
  on: pg.Pool | pg.PoolClient,
  text: string,
  parameters?: unknown[],
): Promise<Row[]> {
  try {
    return (await on.query<Row>(text, parameters)).rows;
  } catch (error) {
    throw told(error);
  }
}

const told = (error: unknown): unknown =>
  isUnavailable(error) ? new DatabaseUnavailableError({ cause: error }) : error;
