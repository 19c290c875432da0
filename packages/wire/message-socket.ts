import { chmodSync, rmSync } from "node:fs";
import type { Socket } from "bun";
import { lineSplitter } from "./line-framing.ts";

/** One end of a connection on which both sides send JSON values, one a line. */
export interface MessageConnection<In, Out> {
  /** Queues when the peer is slow; nothing is lost while the connection lives. Ignored once it is closed. */
  send(message: Out): void;
  close(): void;
  readonly closed: boolean;
  /** Bytes queued because the peer does not read; a server may drop peers that never do. */
  readonly queuedBytes: number;
  /** For the owner of the connection. */
  onMessage: (message: In) => void;
  onClose: () => void;
}

class BunMessageConnection<In, Out> implements MessageConnection<In, Out> {
  closed = false;
  queuedBytes = 0;
  onMessage: (message: In) => void = () => {};
  onClose: () => void = () => {};
  readonly receive: (chunk: Uint8Array) => void;
  private readonly queue: Uint8Array[] = [];

  constructor(private readonly socket: Socket<unknown>) {
    this.receive = lineSplitter((line) => {
      if (line !== "" && !this.closed) this.onMessage(JSON.parse(line) as In);
    });
  }

  send(message: Out): void {
    if (this.closed) return;
    const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
    this.queue.push(bytes);
    this.queuedBytes += bytes.length;
    if (this.queue.length === 1) this.flush();
  }

  flush(): void {
    while (this.queue.length > 0) {
      const head = this.queue[0]!;
      const written = Math.max(0, this.socket.write(head));
      this.queuedBytes -= written;
      if (written < head.length) {
        this.queue[0] = head.subarray(written);
        return;
      }
      this.queue.shift();
    }
  }

  close(): void {
    this.socket.end();
  }

  ended(): void {
    if (this.closed) return;
    this.closed = true;
    this.queue.length = 0;
    this.queuedBytes = 0;
    this.onClose();
  }
}

function handlers<In, Out>(onOpen: (connection: BunMessageConnection<In, Out>) => void) {
  type Data = { connection: BunMessageConnection<In, Out> };
  return {
    open(socket: Socket<Data>) {
      const connection = new BunMessageConnection<In, Out>(socket as Socket<unknown>);
      socket.data = { connection };
      onOpen(connection);
    },
    data(socket: Socket<Data>, chunk: Uint8Array) {
      try {
        socket.data.connection.receive(chunk);
      } catch (error) {
        // What was received cannot be trusted from here on; the peer reconnects and begins anew.
        console.error(`wire: closing a connection: ${error instanceof Error ? error.stack : error}`);
        socket.terminate();
      }
    },
    drain(socket: Socket<Data>) {
      socket.data.connection.flush();
    },
    close(socket: Socket<Data>) {
      socket.data?.connection.ended();
    },
    error(_socket: Socket<Data>, _error: Error) {},
  };
}

/**
 * Listens on a unix socket (mode 0600). A socket file that a dead process left is removed first, so only one process may own a
 * path; the supervisor guarantees that.
 */
export function listenForMessages<In, Out>(
  path: string,
  onConnection: (connection: MessageConnection<In, Out>) => void,
): { stop(): void } {
  rmSync(path, { force: true });
  const server = Bun.listen({ unix: path, socket: handlers<In, Out>(onConnection) as never });
  chmodSync(path, 0o600);
  return {
    stop() {
      server.stop(true);
    },
  };
}

/** Connects once. Rejects if nobody listens. */
export async function connectForMessages<In, Out>(path: string): Promise<MessageConnection<In, Out>> {
  const { promise, resolve, reject } = Promise.withResolvers<MessageConnection<In, Out>>();
  // It may reject before the caller has it: `connectError` is heard while `Bun.connect` is still awaited.
  promise.catch(() => {});
  const socket = handlers<In, Out>(resolve);
  await Bun.connect({
    unix: path,
    socket: { ...socket, connectError: (_socket: unknown, error: Error) => reject(error) } as never,
  }).catch(reject);
  return promise;
}

/**
 * Keeps a connection to `path` alive for ever: connects, calls `onOpen`, and on loss tries again after 20 ms, doubling up to
 * 500 ms. Messages are not kept over a loss; protocols begin with `hello` and a version.
 */
export function keepConnected<In, Out>(
  path: string,
  onOpen: (connection: MessageConnection<In, Out>) => void,
): { stop(): void } {
  let stopped = false;
  let current: MessageConnection<In, Out> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let delayMs = 20;
  const attempt = async () => {
    try {
      const connection = await connectForMessages<In, Out>(path);
      if (stopped) return connection.close();
      current = connection;
      delayMs = 20;
      onOpen(connection);
      const ownersClose = connection.onClose;
      connection.onClose = () => {
        current = undefined;
        ownersClose();
        again();
      };
      if (connection.closed) again();
    } catch {
      again();
    }
  };
  const again = () => {
    if (stopped) return;
    timer = setTimeout(attempt, delayMs);
    delayMs = Math.min(500, delayMs * 2);
  };
  void attempt();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      current?.close();
    },
  };
}
