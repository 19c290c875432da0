import type { Socket } from "bun";

/** A TCP client that sends exact bytes and keeps all it receives, for requests that no HTTP client would send. */
export class RawClient {
  /** Everything received so far, one character a byte. */
  text = "";
  closed = false;
  receivedBytes = 0;
  private keepText = true;
  private waiting: Uint8Array | undefined;
  private waiters: (() => void)[] = [];
  private socket!: Socket<undefined>;

  static async connect(address: { port: number } | { unix: string }): Promise<RawClient> {
    const client = new RawClient();
    const changed = () => {
      for (const waiter of client.waiters.splice(0)) waiter();
    };
    const socket = {
      data(_socket: Socket<undefined>, chunk: Buffer) {
        client.receivedBytes += chunk.length;
        if (client.keepText) client.text += chunk.latin1Slice();
        changed();
      },
      drain() {
        client.flush();
        changed();
      },
      end(socket: Socket<undefined>) {
        client.closed = true;
        socket.end();
        changed();
      },
      close() {
        client.closed = true;
        changed();
      },
      error() {},
    };
    const target = "port" in address ? { hostname: "127.0.0.1", port: address.port } : address;
    client.socket = await Bun.connect<undefined>({ ...target, socket, allowHalfOpen: true } as never);
    return client;
  }

  send(bytes: string | Uint8Array): this {
    const buffer = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    this.waiting = this.waiting === undefined ? buffer : Buffer.concat([this.waiting, buffer]);
    this.flush();
    return this;
  }

  /** Bytes that the kernel has not taken yet. */
  get waitingBytes(): number {
    return this.waiting?.length ?? 0;
  }

  /** Counts only from now on, for large bodies. */
  forgetText(): void {
    this.keepText = false;
    this.text = "";
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  halfClose(): void {
    this.socket.shutdown();
  }

  /** Leaves at once, as a killed client does. */
  leave(): void {
    this.socket.terminate();
  }

  /** Waits until `condition` holds; fails after 20 s with what was received. */
  async until(condition: (client: RawClient) => boolean): Promise<this> {
    const limit = AbortSignal.timeout(20_000);
    while (!condition(this)) {
      if (limit.aborted)
        throw new Error(`Not received in time. Received: ${JSON.stringify(this.text.slice(0, 2_000))}`);
      await Promise.race([
        new Promise<void>((resolve) => this.waiters.push(resolve)),
        new Promise<void>((resolve) => setTimeout(resolve, 1_000)),
      ]);
    }
    return this;
  }

  untilText(part: string): Promise<this> {
    return this.until((client) => client.text.includes(part));
  }

  /** Everything until the server closed. */
  async untilClosed(): Promise<string> {
    await this.until((client) => client.closed);
    return this.text;
  }

  private flush(): void {
    if (this.waiting === undefined || this.closed) return;
    const written = Math.max(0, this.socket.write(this.waiting));
    this.waiting = written < this.waiting.length ? this.waiting.subarray(written) : undefined;
  }
}

/** Waits until `condition` holds, asking again and again; fails after 20 s. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const limit = AbortSignal.timeout(20_000);
  while (!(await condition())) {
    if (limit.aborted) throw new Error("The condition was not met in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
