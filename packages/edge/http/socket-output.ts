/** What is used of Bun's sockets. */
export interface RawSocket {
  /** Bytes taken by the kernel, or -1 when closed; never buffers. */
  write(data: Uint8Array, offset?: number, length?: number): number;
  /** Half-closes after what was written. */
  shutdown(): void;
  end(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** Small answers of pipelined requests gather here for one write; only within one turn, by one output at a time. */
const corkBuffer = Buffer.allocUnsafeSlow(65_536);

/** The way out of a socket: what the kernel does not take at once waits here, in order. */
export class SocketOutput {
  /** Bytes waiting. */
  queuedBytes = 0;
  private queue: Uint8Array[] = [];
  private corked = false;
  private corkedBytes = 0;

  constructor(private readonly socket: RawSocket) {}

  get blocked(): boolean {
    return this.queuedBytes > 0;
  }

  /**
   * Sends `bytes[start..end)`. `borrowed`: the memory is used again after this call, so what has to wait is copied. False: something
   * waits; `flush` on the socket's drain event goes on.
   */
  write(bytes: Uint8Array, start: number, end: number, borrowed: boolean): boolean {
    const length = end - start;
    if (this.corked) {
      if (this.corkedBytes + length <= corkBuffer.length) {
        corkBuffer.set(bytes.subarray(start, end), this.corkedBytes);
        this.corkedBytes += length;
        return true;
      }
      this.flushCork();
    }
    if (this.queuedBytes > 0) {
      this.enqueue(bytes, start, end, borrowed);
      return false;
    }
    const written = this.socket.write(bytes, start, length);
    if (written === length) return true;
    // A closed socket takes nothing any more; its close event ends whatever is going on.
    if (written >= 0) this.enqueue(bytes, start + written, end, borrowed);
    return false;
  }

  cork(): void {
    this.corked = true;
  }

  uncork(): void {
    if (!this.corked) return;
    this.flushCork();
    this.corked = false;
  }

  /** On drain. True: nothing waits any more. */
  flush(): boolean {
    while (this.queue.length > 0) {
      const first = this.queue[0]!;
      const written = this.socket.write(first);
      if (written < 0) return false;
      this.queuedBytes -= written;
      if (written < first.length) {
        this.queue[0] = first.subarray(written);
        return false;
      }
      this.queue.shift();
    }
    return true;
  }

  /** Forgets what waits: the socket is closed. */
  drop(): void {
    this.queue = [];
    this.queuedBytes = 0;
    this.corkedBytes = 0;
  }

  private flushCork(): void {
    const length = this.corkedBytes;
    this.corked = false;
    this.corkedBytes = 0;
    if (length > 0) this.write(corkBuffer, 0, length, true);
  }

  private enqueue(bytes: Uint8Array, start: number, end: number, borrowed: boolean): void {
    this.queue.push(borrowed ? bytes.slice(start, end) : bytes.subarray(start, end));
    this.queuedBytes += end - start;
  }
}
