import type { ChildProcess } from "node:child_process";
import type { HostToLauncher, LauncherToHost } from "@evenkeel/model";
import type { AppIdentity } from "./uid-registry.ts";

/**
 * The place in which one launcher process runs: made and warmed before its app is known, occupied by one instance, destroyed with it. There are
 * two kinds: `linux/` isolates, `plain/` is a child process like any other.
 *
 * made → (`warm` of the launcher) → occupied → destroyed
 */
export interface Cell {
  readonly name: string;
  /** Of the outermost process; its end is the end of all. */
  readonly pid: number;
  readonly launcher: LauncherLink;
  /** Where edges reach the instance, once it listens. */
  readonly socketPath: string;
  /** Lets a function move in. What is returned belongs into its assignment. */
  occupy(occupant: Occupant): CellView;
  /**
   * Takes the instance's right to change its socket, then checks that it is one: an app could put a link to another
   * socket there, and edges would follow it.
   *
   * @throws InstanceRefusedError
   */
  sealSocket(): void;
  /** Memory in use; 0 when unknown. */
  memoryBytes(): number;
  /** Processor time used, in seconds; undefined when unknown. */
  cpuSeconds(): number | undefined;
  /** Whether the kernel ended a process of this cell for lack of memory. */
  ranOutOfMemory(): boolean;
  /** Compiled code that the instance left, by relative path. */
  compiledCode(): Map<string, Uint8Array>;
  /** Ends every process at once and removes what the cell had. Resolves when nothing is left. */
  destroy(): Promise<void>;
}

export interface Occupant {
  identity: AppIdentity | undefined;
  /** The function's files. */
  tree: string;
  /** Compiled code of an earlier instance. */
  compiledCode: string | undefined;
  memoryBytes: number;
}

/** What an assignment says of the cell, as seen from inside. */
export interface CellView {
  root: string;
  socketPath: string;
  compileCacheDir: string;
  cacheSockets: string;
  /** Variables that the place itself demands: PATH, HOME, TMPDIR. */
  environment: Record<string, string>;
  identity: AppIdentity | undefined;
}

export interface Runtime {
  /** Processes of the same key are alike: `node24`, `bun1`. */
  key: string;
  /** Folder that a private root shows. */
  folder: string;
  /** Path of the program inside the folder. */
  program: string;
}

export interface CellMaker {
  readonly kind: "isolated" | "plain";
  /** Resolves when the launcher is warm. @throws CellFailedError */
  make(runtime: Runtime): Promise<Cell>;
  /**
   * Removes what an earlier host left; to be called before the first `make`. Its instances may go on for `lingerMs`: edges still have
   * requests in flight there, and take up new ones.
   */
  clear(lingerMs: number): Promise<void>;
  /** After the last cell is gone. */
  close(): void;
}

/** The host's end of `instance-protocol.ts`. */
export interface LauncherLink {
  readonly process: ChildProcess;
  send(message: HostToLauncher): void;
  /** What the launcher says; replaced by whoever owns the cell. Everything is checked: the app can write there too. */
  onMessage: (message: LauncherToHost) => void;
  /** When the process has ended and its output was read. */
  readonly ended: Promise<ProcessEnd>;
}

export interface ProcessEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}
