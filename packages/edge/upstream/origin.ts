import type { Socket, SocketHandler } from "bun";
import type { UpstreamCall } from "./upstream-call.ts";
import { type ConnectionPool, UpstreamConnection } from "./upstream-connection.ts";

/** Where an upstream listens. `ca` (PEM) replaces the system's authorities. */
export type OriginAddress = { unix: string } | { hostname: string; port: number; tls?: boolean; ca?: string };

export interface OriginOptions {
  /** For messages: "the function", "https://api.example.com". */
  name: string;
  /** How long an unused connection is kept; less when the upstream says `Keep-Alive: timeout`. Default 60,000. */
  idleTimeoutMs?: number;
  /** Unused connections kept at most; default 256. */
  idleLimit?: number;
}

/** One upstream with its connections: an instance's socket, or another host. Make one and keep it: the pool is the object's own. */
export class UpstreamOrigin implements ConnectionPool {
  readonly name: string;
  readonly idleTimeoutMs: number;
  /** Requests that have it now. */
  inFlight = 0;
  private readonly idleLimit: number;
  /** The last used is used next, so that the others can age and close. */
  private readonly idle: UpstreamConnection[] = [];
  private closed = false;

  constructor(
    readonly address: OriginAddress,
    options: OriginOptions,
  ) {
    this.name = options.name;
    this.idleTimeoutMs = options.idleTimeoutMs ?? 60_000;
    this.idleLimit = options.idleLimit ?? 256;
  }

  get idleConnections(): number {
    return this.idle.length;
  }

  /** Gives `call` a connection; `fresh`: not one that was used before. The caller learns of a failure by `call.lost`. */
  start(call: UpstreamCall, fresh: boolean): UpstreamConnection {
    const kept = fresh ? undefined : this.idle.pop();
    const connection = kept ?? new UpstreamConnection(this);
    // A kept connection begins to send at once.
    if (kept === undefined) this.connect(connection);
    connection.assign(call);
    return connection;
  }

  /** Closes unused connections now, the others when their request is done. */
  close(): void {
    this.closed = true;
    for (const connection of this.idle.splice(0)) connection.destroy();
  }

  release(connection: UpstreamConnection): void {
    if (this.closed || this.idle.length >= this.idleLimit) connection.destroy();
    else this.idle.push(connection);
  }

  forget(connection: UpstreamConnection): void {
    const index = this.idle.indexOf(connection);
    if (index !== -1) this.idle.splice(index, 1);
  }

  private connect(connection: UpstreamConnection): void {
    const { address } = this;
    const failed = (error: unknown) =>
      connection.connectFailed(error instanceof Error ? error.message : String(error));
    const socket =
      "unix" in address || address.tls !== true ? plainHandler(connection) : tlsHandler(connection);
    const options =
      "unix" in address
        ? { unix: address.unix, socket }
        : {
            hostname: address.hostname.replace(/^\[|\]$/g, ""),
            port: address.port,
            socket,
            tls:
              address.tls === true
                ? { serverName: address.hostname, ca: address.ca, rejectUnauthorized: true }
                : undefined,
          };
    Bun.connect<undefined>({ ...options, allowHalfOpen: true } as never).catch(failed);
  }
}

function plainHandler(connection: UpstreamConnection): SocketHandler<undefined> {
  return {
    open(socket: Socket<undefined>) {
      socket.setNoDelay(true);
      connection.opened(socket);
    },
    data: (_socket, chunk) => connection.received(chunk),
    drain: () => connection.drained(),
    end: () => connection.ended(),
    close: () => connection.left(),
    error(socket, error) {
      console.error(`edge: closing the connection to ${connection.originName}: ${error.stack ?? error}`);
      socket.terminate();
      connection.left();
    },
    // A missing unix socket is told while `Bun.connect` is still being called, before the connection has its call.
    connectError: (_socket, error) => queueMicrotask(() => connection.connectFailed(error.message)),
  };
}

/** With TLS the connection counts as open when the certificate has been checked. */
function tlsHandler(connection: UpstreamConnection): SocketHandler<undefined> {
  return {
    ...plainHandler(connection),
    open: (socket: Socket<undefined>) => void socket.setNoDelay(true),
    handshake(socket, success, error) {
      if (success && error === null && socket.authorized) connection.opened(socket);
      else {
        connection.connectFailed(error?.message ?? "the certificate is not valid");
        socket.terminate();
      }
    },
  };
}
