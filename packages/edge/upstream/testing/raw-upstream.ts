import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomId } from "@evenkeel/model";
import type { Socket } from "bun";
import { UpstreamOrigin } from "../origin.ts";

/** One request as its bytes came in; answered with exact bytes. */
export class RawRequest {
  /** One character a byte. */
  text = "";
  receivedBytes = 0;
  /** The edge has closed or half-closed the connection. */
  left = false;

  constructor(readonly socket: Socket<RawRequest[]>) {}

  answer(bytes: string): void {
    this.socket.write(Buffer.from(bytes, "latin1"));
  }

  end(): void {
    this.socket.end();
  }
}

/**
 * An upstream on a unix socket that does exactly what a test says. A new request begins when bytes come after an answer was given.
 */
export class RawUpstream {
  readonly requests: RawRequest[] = [];
  connections = 0;
  readonly origin: UpstreamOrigin;
  /** Called with each connection's first and following requests when their first bytes came. */
  onRequest: (request: RawRequest) => void = () => {};
  private readonly path = join(tmpdir(), `evenkeel-upstream-${randomId(10)}.sock`);
  private readonly listener: { stop(force: boolean): void };

  constructor() {
    this.origin = new UpstreamOrigin({ unix: this.path }, { name: "the function" });
    const answered = new WeakSet<RawRequest>();
    this.listener = Bun.listen<RawRequest[]>({
      unix: this.path,
      allowHalfOpen: true,
      socket: {
        open: (socket: Socket<RawRequest[]>) => {
          this.connections++;
          socket.data = [];
        },
        data: (socket: Socket<RawRequest[]>, chunk: Buffer) => {
          let request = socket.data.at(-1);
          const isNew = request === undefined || answered.has(request);
          if (isNew) {
            const made = new RawRequest(socket);
            const { answer } = made;
            made.answer = (bytes) => {
              answered.add(made);
              answer.call(made, bytes);
            };
            socket.data.push(made);
            this.requests.push(made);
            request = made;
          }
          request!.text += chunk.latin1Slice();
          request!.receivedBytes += chunk.length;
          if (isNew) this.onRequest(request!);
        },
        end: (socket: Socket<RawRequest[]>) => {
          for (const request of socket.data) request.left = true;
          socket.end();
        },
        close: (socket: Socket<RawRequest[]>) => {
          for (const request of socket.data) request.left = true;
        },
        error() {},
      },
    } as never);
  }

  stop(): void {
    this.origin.close();
    this.listener.stop(true);
    rmSync(this.path, { force: true });
  }
}
