import type { Socket, SocketHandler, TLSOptions } from "bun";
import { Connection } from "./connection.ts";
import type { ConnectionServer } from "./connection-server.ts";
import type { Exchange, Handler } from "./exchange.ts";
import { defaultLimits, type HttpLimits } from "./limits.ts";
import type { Refusal } from "./refusal.ts";
import type { ServerExchange } from "./server-exchange.ts";

export interface HttpServerOptions {
  /** `port` 0: any free one. `reusePort`: several processes share the port, the kernel balances. `hostname` defaults to all addresses. */
  listen: { port: number; hostname?: string; reusePort?: boolean } | { unix: string };
  tls?: TLSOptions;
  handler: Handler;
  /** Once per exchange, when it is complete, aborted (`exchange.aborted`) or has become a tunnel: the place to count. */
  onFinished?: (exchange: Exchange) => void;
  /** A handler threw; the client got a 500, or its connection was cut if the answer had begun. */
  onError?: (error: unknown, exchange: Exchange) => void;
  /** A request was refused before it became an exchange. */
  onRefused?: (status: number, reason: string) => void;
  limits?: Partial<HttpLimits>;
}

/** HTTP/1.1 on `Bun.listen`. Bun's own server drops Content-Length on streams, normalises paths and loses pipelined requests. */
export class HttpServer implements ConnectionServer {
  readonly limits: HttpLimits;
  readonly scheme: "http" | "https";
  draining = false;
  private readonly connections = new Set<Connection>();
  private readonly listener: { stop(closeActiveConnections?: boolean): void; port?: number };
  private whenEmpty: (() => void) | undefined;
  private stopping: Promise<void> | undefined;

  constructor(private readonly options: HttpServerOptions) {
    this.limits = { ...defaultLimits, ...options.limits };
    this.scheme = options.tls === undefined ? "http" : "https";
    const socket = this.socketHandler();
    const { listen, tls } = options;
    const common = { socket, tls, allowHalfOpen: true };
    this.listener =
      "unix" in listen
        ? Bun.listen<Connection>({ ...common, unix: listen.unix } as never)
        : Bun.listen<Connection>({
            ...common,
            hostname: listen.hostname ?? "::",
            port: listen.port,
            reusePort: listen.reusePort ?? false,
            exclusive: listen.reusePort !== true,
          } as never);
  }

  /** 0 on a unix socket. */
  get port(): number {
    return this.listener.port ?? 0;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** From now on each answer is its connection's last and idle connections are closed; new connections are still taken. */
  beginDrain(): void {
    this.draining = true;
    for (const connection of this.connections) connection.closeIfIdle();
  }

  /** Takes no new connections, lets exchanges finish for `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void> {
    this.stopping ??= this.stopOnce(graceMs);
    return this.stopping;
  }

  private async stopOnce(graceMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.whenEmpty = resolve;
    this.beginDrain();
    this.listener.stop(false);
    if (this.connections.size === 0) return;
    const timer = setTimeout(() => {
      for (const connection of this.connections) connection.destroy();
    }, graceMs);
    await promise;
    clearTimeout(timer);
  }

  begin(exchange: ServerExchange): void {
    try {
      const pending = this.options.handler(exchange);
      if (pending instanceof Promise) pending.catch((error) => this.failed(error, exchange));
    } catch (error) {
      this.failed(error, exchange);
    }
  }

  finished(exchange: ServerExchange): void {
    this.options.onFinished?.(exchange);
  }

  refused(refusal: Refusal): void {
    this.options.onRefused?.(refusal.status, refusal.reason);
  }

  closed(connection: Connection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.whenEmpty?.();
  }

  private failed(error: unknown, exchange: ServerExchange): void {
    this.options.onError?.(error, exchange);
    if (exchange.answered) exchange.destroy();
    else exchange.respond(500, [["content-type", "text/plain; charset=utf-8"]], "500: The server failed.\n");
  }

  private socketHandler(): SocketHandler<Connection> {
    return {
      open: (socket: Socket<Connection>) => {
        const connection = new Connection(this, socket);
        socket.data = connection;
        this.connections.add(connection);
        socket.setNoDelay(true);
      },
      data: (socket, chunk) => socket.data.received(chunk),
      drain: (socket) => socket.data.drained(),
      end: (socket) => socket.data.ended(),
      close: (socket) => socket.data?.left(),
      error: (socket) => socket.data?.destroy(),
    };
  }
}

export const startHttpServer = (options: HttpServerOptions): HttpServer => new HttpServer(options);
