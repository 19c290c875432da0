import type { Readable, Writable } from "node:stream";
import type { ProcessEnd, Runtime } from "../cell.ts";
import type { AppIdentity } from "../uid-registry.ts";

/**
 * The place in which one process of an app's services runs, with all that it starts: made for one command and gone with it. As with
 * `Cell`, one kind isolates and the other is a child process like any other.
 *
 * made (the command waits) → `start` → ended → destroyed
 */
export interface ServiceCell {
  readonly name: string;
  /** Of the outermost process; its end is the end of all. */
  readonly pid: number;
  /** Lets the command begin; on the plan's terminal, if it has one. */
  start(environment: Record<string, string>, terminal?: boolean): void;
  /** Sends a signal to every process of the app in it, as Heroku does. */
  signal(signal: NodeJS.Signals): void;
  /** Memory in use; 0 when unknown. */
  memoryBytes(): number;
  /** Processor time used, in seconds; undefined when unknown. */
  cpuSeconds(): number | undefined;
  /** Whether the kernel ended a process of this cell for lack of memory. */
  ranOutOfMemory(): boolean;
  /** Whether every process that listens on the TCP port belongs to the app. */
  ownsPort(port: number): boolean;
  readonly ended: Promise<ProcessEnd>;
  /** Ends every process at once and removes what the cell had. Resolves when nothing is left. */
  destroy(): Promise<void>;
}

export interface ServiceCellPlan {
  identity: AppIdentity | undefined;
  /** The slug's files. */
  tree: string;
  /** Where the command starts, relative to `tree`. */
  folder: string;
  runtime: Runtime;
  /** Folders of package managers with `bin` in them, by name. */
  tools: Record<string, string>;
  memoryBytes: number;
  /** Of a one-off command: what it has as terminal. */
  terminal?: number | undefined;
  /** What the shell is given after `-c`: the command, and what it has as `$0`, `$1`, ... */
  command: string[];
}

/** Variables that the place demands. */
export interface ServicePlace {
  environment: Record<string, string>;
}

export interface MadeCell {
  cell: ServiceCell;
  place: ServicePlace;
}

export interface ServiceCellMaker {
  readonly kind: "isolated" | "plain";
  /**
   * A cell whose output goes to pipes that outlive the host: the process goes on when the host is killed, and the next host reads on.
   * `label` is given back by `adopt`; it may be changed by `relabel`.
   */
  makeLasting(plan: ServiceCellPlan, label: unknown): Promise<MadeCell & { output: LastingOutput }>;
  /** A cell that ends with the host, with the streams of its command. */
  makeOneOff(plan: ServiceCellPlan): Promise<MadeCell & { streams: OneOffStreams }>;
  relabel(cell: ServiceCell, label: unknown): void;
  /** The cells that an earlier host left and that still run; whatever else it left is ended. To be called once, before any is made. */
  adopt(): Promise<AdoptedCell[]>;
  close(): void;
}

export interface AdoptedCell {
  cell: ServiceCell;
  output: LastingOutput;
  label: unknown;
}

export interface LastingOutput {
  /** Reads what has come; never waits. */
  read(onChunk: (stream: "stdout" | "stderr", chunk: Uint8Array) => void): void;
}

export interface OneOffStreams {
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
}
