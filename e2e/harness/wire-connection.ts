import type { Socket } from "bun";

export interface WireAnswer {
  status: number;
  /** Names in lower case; several lines of a name are joined by ", ". */
  headers: Record<string, string>;
  body: Buffer;
}

/** The peer ended the connection before the answer was whole. */
export class ConnectionLost extends Error {
  constructor(readonly received: Buffer) {
    super(`The connection was lost; received last: ${JSON.stringify(received.toString("latin1", 0, 500))}`);
  }
}

/**
 * One TCP connection to the platform that sends exact bytes and reads HTTP/1.1 answers one by one. Unlike HTTP clients it never sends anything
 * again by itself, so that a request that fails is seen.
 */
export class WireConnection {
  ended = false;
  readonly openedMs = performance.now();
  private socket!: Socket<undefined>;
  private received = Buffer.alloc(0);
  private waiting: Uint8Array[] = [];
  private wake: () => void = () => {};

  static async open(port: number): Promise<WireConnection> {
    const connection = new WireConnection();
    const socket = {
      data(_socket: Socket<undefined>, chunk: Buffer) {
        connection.received = Buffer.concat([connection.received, chunk]);
        connection.wake();
      },
      drain: () => connection.flush(),
      end: () => connection.end(),
      close: () => connection.end(),
      error: () => connection.end(),
    };
    connection.socket = await Bun.connect<undefined>({ hostname: "127.0.0.1", port, socket });
    return connection;
  }

  send(...parts: (string | Uint8Array)[]): this {
    for (const part of parts)
      this.waiting.push(typeof part === "string" ? Buffer.from(part, "latin1") : part);
    this.flush();
    return this;
  }

  /**
   * The next answer, informational ones left out.
   *
   * @param options.head it answers a HEAD request, so it has no body whatever its headers say
   * @throws ConnectionLost
   */
  async answer(options: { head?: boolean; onChunk?: (chunk: Buffer) => void } = {}): Promise<WireAnswer> {
    for (;;) {
      const [statusLine = "", ...lines] = (await this.takeThrough("\r\n\r\n")).split("\r\n");
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
      if (!status) throw new Error(`No status line: ${JSON.stringify(statusLine.slice(0, 200))}`);
      const headers: Record<string, string> = {};
      for (const line of lines.filter((each) => each !== "")) {
        const name = line.slice(0, line.indexOf(":")).toLowerCase();
        const value = line.slice(line.indexOf(":") + 1).trim();
        headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
      }
      if (status >= 100 && status < 200 && status !== 101) continue;
      const empty = options.head || status === 204 || status === 304 || status === 101;
      const body = empty ? Buffer.alloc(0) : await this.body(headers, options.onChunk ?? (() => {}));
      return { status, headers, body };
    }
  }

  /** Takes exactly this text, which has to come next. */
  async receiveText(text: string): Promise<void> {
    const received = (await this.take(text.length)).toString("latin1");
    if (received !== text) throw new Error(`Received ${JSON.stringify(received)}`);
  }

  /** All that comes until the peer ends the connection. */
  async rest(): Promise<Buffer> {
    while (!this.ended) await this.more();
    return this.received;
  }

  /** Leaves at once, as a killed client does. */
  leave(): void {
    this.socket.terminate();
    this.end();
  }

  private async body(headers: Record<string, string>, onChunk: (chunk: Buffer) => void): Promise<Buffer> {
    if (headers["transfer-encoding"] === "chunked") {
      const chunks: Buffer[] = [];
      for (;;) {
        const size = Number.parseInt(await this.takeThrough("\r\n"), 16);
        const chunk = await this.take(size);
        await this.takeThrough("\r\n");
        if (size === 0) return Buffer.concat(chunks);
        chunks.push(chunk);
        onChunk(chunk);
      }
    }
    if (headers["content-length"] !== undefined) return this.take(Number(headers["content-length"]));
    return this.rest();
  }

  private async take(length: number): Promise<Buffer> {
    while (this.received.length < length) await this.more();
    const taken = this.received.subarray(0, length);
    this.received = this.received.subarray(length);
    return taken;
  }

  /** The text before `mark`; both are taken. */
  private async takeThrough(mark: string): Promise<string> {
    for (;;) {
      const at = this.received.indexOf(mark);
      if (at !== -1) return (await this.take(at + mark.length)).toString("latin1", 0, at);
      await this.more();
    }
  }

  private async more(): Promise<void> {
    if (this.ended) throw new ConnectionLost(this.received);
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }

  private flush(): void {
    while (this.waiting.length > 0 && !this.ended) {
      const head = this.waiting[0]!;
      const written = Math.max(0, this.socket.write(head));
      if (written < head.length) {
        this.waiting[0] = head.subarray(written);
        return;
      }
      this.waiting.shift();
    }
  }

  private end(): void {
    this.ended = true;
    this.wake();
  }
}
