import type { ProcessEnd } from "../cell.ts";
import type { CellFolder, CellRecord } from "./cell-folder.ts";
import { startText } from "./environment-lines.ts";
import { tcpSockets } from "./listeners.ts";
import type { ServiceCell } from "./service-cell.ts";

/** The processes of one cell, as the kernel keeps them together. */
export interface CellGroup {
  signal(signal: NodeJS.Signals): void;
  /** Ends every process at once. */
  kill(): void;
  memoryBytes(): number;
  cpuSeconds(): number | undefined;
  ranOutOfMemory(): boolean;
  /** Once no process is left. */
  remove(): Promise<void>;
}

export interface RunningCellParts extends Omit<CellRecord, "label"> {
  name: string;
  group: CellGroup;
  ended: Promise<ProcessEnd>;
  /** Absent: it ends with the host. */
  folder: CellFolder | undefined;
  /** Of one that was made by this host. */
  stdin?: { write(text: string): unknown; end(): unknown };
}

export class RunningCell implements ServiceCell {
  readonly name: string;
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  private destroyed: Promise<void> | undefined;

  constructor(private readonly parts: RunningCellParts) {
    this.name = parts.name;
    this.pid = parts.pid;
    this.ended = parts.ended;
  }

  start(environment: Record<string, string>, terminal = false): void {
    const { stdin, folder } = this.parts;
    stdin?.write(startText(environment, terminal));
    // A one-off command goes on reading there.
    if (folder) stdin?.end();
  }

  /** Writes down what the next host is to know of it. */
  record(label: unknown): void {
    const { pid, startedAt, initPid, uid, folder } = this.parts;
    folder?.save({ pid, startedAt, initPid, uid, label });
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.destroyed) this.parts.group.signal(signal);
  }

  memoryBytes(): number {
    return this.destroyed ? 0 : this.parts.group.memoryBytes();
  }

  cpuSeconds(): number | undefined {
    return this.destroyed ? undefined : this.parts.group.cpuSeconds();
  }

  ranOutOfMemory(): boolean {
    return !this.destroyed && this.parts.group.ranOutOfMemory();
  }

  ownsPort(port: number): boolean {
    const { uid } = this.parts;
    return (
      uid === undefined || tcpSockets(true).every((socket) => socket.port !== port || socket.uid === uid)
    );
  }

  destroy(): Promise<void> {
    this.destroyed ??= this.end();
    return this.destroyed;
  }

  private async end(): Promise<void> {
    const { group, folder } = this.parts;
    group.kill();
    await this.ended;
    await group.remove();
    folder?.remove();
  }
}

/** Signals each; those that have ended meanwhile are of no account. */
export function signalAll(pids: Iterable<number>, signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // Ended by itself.
    }
  }
}
