import { ptr } from "bun:ffi";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import type { TerminalSize } from "@evenkeel/model";
import { KernelRefusedError } from "../../errors.ts";
import { libc } from "../linux/kernel.ts";

const ioctlNumbers: Partial<Record<NodeJS.Architecture, bigint>> = { x64: 16n, arm64: 29n };
/** ioctl_tty(2) */
const requests = { unlock: 0x40045431n, number: 0x80045430n, setSize: 0x5414n } as const;
const readBytes = 64 * 1024;
/** A person sees no delay below this. */
const lookEveryMs = 10;

/**
 * A pair of pty(7): what a program has as its terminal (`inner`), and the side on which we read and write. `Bun.spawn` makes one only for the program that it
 * starts itself; here that is the cell, and its command is to have the terminal.
 */
export class PseudoTerminal {
  /** Of the program; to be closed here once it was handed on. */
  readonly inner: number;
  private readonly outer: number;
  private readonly buffer = Buffer.allocUnsafe(readBytes);
  private unwritten: Buffer[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(size: TerminalSize) {
    this.outer = openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    try {
      control(this.outer, requests.unlock, new Int32Array([0]));
      const number = new Int32Array(1);
      control(this.outer, requests.number, number);
      this.resize(size);
      this.inner = openSync(`/dev/pts/${number[0]}`, constants.O_RDWR | constants.O_NOCTTY);
    } catch (error) {
      closeSync(this.outer);
      throw error;
    }
  }

  resize({ columns, rows }: TerminalSize): void {
    control(this.outer, requests.setSize, new Uint16Array([rows, columns, 0, 0]));
  }

  /** What is typed. */
  write(bytes: Uint8Array): void {
    this.unwritten.push(Buffer.from(bytes));
    this.flush();
  }

  /** Until it is closed, or nobody has the other side any more; a reader that is not `ready` makes the program wait. */
  read(onChunk: (chunk: Uint8Array) => void, ready: () => boolean): void {
    this.timer = setInterval(() => {
      this.flush();
      while (ready()) {
        const length = this.readNow();
        if (length === 0) break;
        onChunk(Buffer.from(this.buffer.subarray(0, length)));
      }
    }, lookEveryMs);
  }

  /** @param onChunk hears what was printed last */
  close(onChunk: (chunk: Uint8Array) => void): void {
    clearInterval(this.timer);
    for (let length = this.readNow(); length > 0; length = this.readNow())
      onChunk(Buffer.from(this.buffer.subarray(0, length)));
    closeSync(this.outer);
  }

  private readNow(): number {
    try {
      return readSync(this.outer, this.buffer);
    } catch {
      // EAGAIN: nothing yet. EIO: the last program that had it has ended.
      return 0;
    }
  }

  private flush(): void {
    while (this.unwritten.length > 0) {
      const [first] = this.unwritten as [Buffer];
      try {
        const written = writeSync(this.outer, first);
        if (written < first.length) this.unwritten[0] = first.subarray(written);
        else this.unwritten.shift();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") this.unwritten = [];
        return;
      }
    }
  }
}

function control(file: number, request: bigint, argument: Int32Array | Uint16Array): void {
  const number = ioctlNumbers[process.arch];
  const done =
    number !== undefined &&
    Number(libc().syscall(number, BigInt(file), request, BigInt(ptr(argument)), 0n, 0n)) === 0;
  if (!done) throw new KernelRefusedError("A terminal was refused by the kernel");
}
