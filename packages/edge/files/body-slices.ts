import { open } from "node:fs/promises";
import { StoredFileUnreadableError } from "../errors.ts";
import type { Exchange, HeaderPairs, ResponseWriter } from "../http/exchange.ts";
import type { ByteRange } from "./byte-ranges.ts";

/** A part of an answer's body: bytes as they are, or a range of the file. */
export type BodySlice = Uint8Array | ByteRange;

/** One read of a large file; at most two are in memory per answer. */
const readBytes = 256 * 1024;

const sliceBytes = (slice: BodySlice): number =>
  slice instanceof Uint8Array ? slice.length : slice.end - slice.start + 1;

/**
 * Sends slices of a file from disk, as fast as the client takes them. Ends early, without an error, when the client leaves.
 *
 * @throws {StoredFileUnreadableError} before the head is sent if the file cannot be opened; afterwards the connection is broken first.
 */
export async function sendSlices(
  exchange: Pick<Exchange, "startResponse" | "onAbort">,
  status: number,
  headers: HeaderPairs,
  path: string,
  slices: readonly BodySlice[],
): Promise<void> {
  const file = await open(path, "r").catch((error: unknown) => {
    throw new StoredFileUnreadableError(path, (error as Error).message, error);
  });
  try {
    const total = slices.reduce((sum, slice) => sum + sliceBytes(slice), 0);
    const gate = new DrainGate();
    exchange.onAbort(() => gate.abort());
    const writer = exchange.startResponse(status, [...headers, ["content-length", String(total)]]);
    writer.onDrain(() => gate.open());
    const read = async (start: number, length: number) => {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, start);
      return buffer.subarray(0, bytesRead);
    };
    for (const slice of slices) {
      if (!(await sendSlice(writer, gate, slice, read, path))) return;
    }
    exchange.onAbort(undefined);
    writer.end();
  } finally {
    await file.close();
  }
}

/** False once the client has left. */
async function sendSlice(
  writer: ResponseWriter,
  gate: DrainGate,
  slice: BodySlice,
  read: (start: number, length: number) => Promise<Uint8Array>,
  path: string,
): Promise<boolean> {
  if (slice instanceof Uint8Array) return gate.pass(writer.write(slice));
  for (let position = slice.start; position <= slice.end; ) {
    const chunk = await read(position, Math.min(readBytes, slice.end - position + 1)).catch(
      (error: unknown) => {
        writer.abort();
        throw new StoredFileUnreadableError(path, (error as Error).message, error);
      },
    );
    if (gate.aborted) return false;
    if (chunk.length === 0) {
      writer.abort();
      throw new StoredFileUnreadableError(path, "it is shorter than the output says");
    }
    position += chunk.length;
    if (!(await gate.pass(writer.write(chunk)))) return false;
  }
  return true;
}

/** Holds the sender back while the client's queue is full. */
class DrainGate {
  aborted = false;
  private wake: (() => void) | undefined;

  /** @param free what `write` gave. Resolves to false once the client has left. */
  async pass(free: boolean): Promise<boolean> {
    if (!free && !this.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return !this.aborted;
  }

  open(): void {
    this.wake?.();
    this.wake = undefined;
  }

  abort(): void {
    this.aborted = true;
    this.open();
  }
}
