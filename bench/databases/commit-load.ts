import { Client } from "pg";

const connections = 8;

/** Commits one row after the other at a steady rate in all, and notes when each was acknowledged. */
export class CommitLoad {
  /** By the row's id, in milliseconds of `performance.now()`. */
  readonly acknowledged = new Map<number, number>();
  private writing = true;
  private next: number;
  private readonly writers: Promise<unknown>;

  /** @param from the first row's id */
  constructor(
    private readonly url: string,
    private readonly commitsPerSecond: number,
    from: number,
  ) {
    this.next = from;
    this.writers = Promise.all(Array.from({ length: connections }, () => this.write()));
  }

  /** Returns when no connection writes any more. */
  async end(): Promise<void> {
    this.writing = false;
    await this.writers;
  }

  private async write(): Promise<void> {
    const client = new Client({ connectionString: this.url });
    // Its server is killed.
    client.on("error", () => {});
    const everyMs = (1_000 * connections) / this.commitsPerSecond;
    try {
      await client.connect();
      for (let dueMs = performance.now(); this.writing; dueMs += everyMs) {
        await Bun.sleep(Math.max(0, dueMs - performance.now()));
        const id = this.next++;
        await client.query("INSERT INTO commits VALUES ($1)", [id]);
        this.acknowledged.set(id, performance.now());
      }
    } catch {
      // Not acknowledged.
    } finally {
      await client.end().catch(() => {});
    }
  }
}
