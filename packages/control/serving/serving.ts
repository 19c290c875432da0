import { setTimeout as sleep } from "node:timers/promises";
import type { ServingChange } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { DatabaseUnavailableError } from "../errors.ts";
import type { Feed, PublishOutcome } from "./feed.ts";
import { appendServingEntry } from "./serving-log.ts";

export interface ServingChanged<Result> {
  result: Result;
  /** Settles when every connected edge has the change in force, or the limit passed; never rejects. */
  published: Promise<PublishOutcome>;
}

/** The one writer of what is served: what a transaction decides and what edges are told is one and the same commit. */
export class Serving {
  /** After each commit. */
  onCommit: () => void = () => {};
  private stopped = false;
  private recovering = false;

  constructor(
    private readonly database: Database,
    readonly feed: Feed,
  ) {}

  /** Runs `work` in a transaction and appends its changes as one version. */
  async change<Result>(
    work: (connection: Connection) => Promise<{ changes: ServingChange[]; result: Result }>,
  ): Promise<ServingChanged<Result>> {
    try {
      const { entry, result } = await this.database.transaction(async (connection) => {
        const { changes, result } = await work(connection);
        return {
          entry: changes.length > 0 ? await appendServingEntry(connection, changes) : undefined,
          result,
        };
      });
      this.onCommit();
      const version = this.feed.version;
      const nothing: PublishOutcome = { version, acknowledged: [], unconfirmed: [] };
      const published = entry
        ? this.feed.publish(entry).catch(() => {
            this.recover();
            return { ...nothing, version: entry.version };
          })
        : Promise.resolve(nothing);
      return { result, published };
    } catch (error) {
      // The commit may have taken place although its answer was lost.
      if (error instanceof DatabaseUnavailableError) this.recover();
      throw error;
    }
  }

  /** Brings the feed to what is committed, as soon as the database answers. */
  recover(): void {
    if (this.recovering) return;
    this.recovering = true;
    void (async () => {
      for (let delayMs = 50; !this.stopped; delayMs = Math.min(1_000, delayMs * 2)) {
        try {
          await this.feed.catchUp();
          break;
        } catch {
          await sleep(delayMs);
        }
      }
      this.recovering = false;
    })();
  }

  stop(): void {
    this.stopped = true;
    this.feed.stop();
  }
}
