import { readFileSync } from "node:fs";
import { writeFileDurably } from "@evenkeel/disk";
import type { ProcessIdentity } from "./process-identity.ts";

/**
 * Which processes were started, on disk, so that a new supervisor adopts those that outlived its predecessor instead of starting
 * a second set beside them.
 */
export class ProcessTable {
  private readonly entries: Record<string, ProcessIdentity>;

  constructor(private readonly path: string) {
    this.entries = readTable(path);
  }

  get(name: string): ProcessIdentity | undefined {
    return this.entries[name];
  }

  names(): string[] {
    return Object.keys(this.entries);
  }

  set(name: string, identity: ProcessIdentity | undefined): void {
    if (identity === undefined) delete this.entries[name];
    else this.entries[name] = identity;
    writeFileDurably(this.path, JSON.stringify(this.entries), 0o600);
  }
}

function readTable(path: string): Record<string, ProcessIdentity> {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}
