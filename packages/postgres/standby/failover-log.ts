import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import type { DatabaseFailover } from "@evenkeel/model";

/** Every change of a database's primary, a file each, durable before each of its steps. */
export class FailoverLog {
  /** @param onChange told after each write */
  constructor(
    private readonly folder: string,
    private readonly onChange: (failover: DatabaseFailover) => void = () => {},
  ) {}

  /** Oldest first. */
  list(): DatabaseFailover[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder)
      .filter((name) => name.endsWith(".json"))
      .map((name) => JSON.parse(readFileSync(join(this.folder, name), "utf8")) as DatabaseFailover)
      .sort((a, b) => a.startedMs - b.startedMs);
  }

  /** The one that a crash has interrupted. */
  underWay(): DatabaseFailover | undefined {
    return this.list().find(({ state }) => state === "running");
  }

  write(failover: DatabaseFailover): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    writeFileDurably(join(this.folder, `${failover.id}.json`), JSON.stringify(failover), 0o600);
    this.onChange(failover);
  }
}
