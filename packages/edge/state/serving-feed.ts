import { readFileSync } from "node:fs";
import { writeFileDurably } from "@evenkeel/disk";
import type { FeedFromControl, FeedToControl, ServingChange, ServingState } from "@evenkeel/model";
import { keepConnected, type MessageConnection } from "@evenkeel/wire";
import type { ServingTable } from "./serving-table.ts";

export interface ServingFeedOptions {
  /** Of this edge: `edge-0`. */
  name: string;
  feedSocket: string;
  /** Where the last known state is kept (`serving/<name>.json`). */
  statePath: string;
  table: ServingTable;
  /** After changes are in force; `"all"` for a whole snapshot. */
  onChanges?: (changes: ServingChange[] | "all") => void;
  /** How long changes are gathered before they are written to disk; default 200 ms. */
  persistDelayMs?: number;
}

/**
 * Keeps a `ServingTable` as control wants it. The last known state is read from disk at once, so an edge that starts while control is away
 * serves what it served before. A change is acknowledged as soon as requests see it; the disk comes later, since control can always
 * tell it again.
 */
export class ServingFeed {
  private connection: MessageConnection<FeedFromControl, FeedToControl> | undefined;
  private readonly link: { stop(): void };
  private persistTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ServingFeedOptions) {
    const known = readState(options.statePath);
    if (known) {
      options.table.replace(known);
      options.onChanges?.("all");
    }
    this.link = keepConnected<FeedFromControl, FeedToControl>(options.feedSocket, (connection) => {
      this.connection = connection;
      connection.onMessage = (message) => this.receive(message);
      connection.onClose = () => {
        if (this.connection === connection) this.connection = undefined;
      };
      connection.send({ type: "hello", role: "edge", name: options.name, version: options.table.version });
    });
  }

  get connected(): boolean {
    return this.connection !== undefined;
  }

  /** Writes what is not yet on disk and closes the connection. */
  stop(): void {
    this.link.stop();
    if (this.persistTimer !== undefined) this.persist();
  }

  private receive(message: FeedFromControl): void {
    const { table, onChanges } = this.options;
    if (message.type === "snapshot") {
      table.replace(message.state);
      onChanges?.("all");
    } else {
      const changes: ServingChange[] = [];
      for (const entry of message.entries) if (table.apply(entry)) changes.push(...entry.changes);
      if (changes.length > 0) onChanges?.(changes);
    }
    this.connection?.send({ type: "ack", version: table.version });
    this.persistTimer ??= setTimeout(() => this.persist(), this.options.persistDelayMs ?? 200);
  }

  private persist(): void {
    clearTimeout(this.persistTimer);
    this.persistTimer = undefined;
    try {
      writeFileDurably(this.options.statePath, JSON.stringify(this.options.table.snapshot));
    } catch (error) {
      // A full disk must not end an edge that serves from memory; the next change tries again.
      console.error(`edge: cannot keep the serving state at ${this.options.statePath}: ${error}`);
    }
  }
}

function readState(path: string): ServingState | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as ServingState;
    if (typeof state.version === "number" && state.deployments && state.aliases) return state;
  } catch {
    // Told below, with files of another shape.
  }
  console.error(`edge: ${path} holds no serving state; starting empty and waiting for control`);
  return undefined;
}
