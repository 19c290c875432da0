import { connect, createServer, type Server, type Socket } from "node:net";
import { errorJson } from "@evenkeel/model";
import { refusalMessage } from "./refusal-message.ts";

const keepAliveMs = 30_000;

/**
 * The port that clients of a branch know. A connection to it wakes the branch's server, and is then passed through, byte by byte, to the
 * port on which that listens.
 *
 * Not to its unix socket: there we are the superuser by who we are, and so would be everybody who comes through us.
 */
export class WakingPort {
  private server: Server | undefined;
  private readonly clients = new Set<Socket>();
  private leftAtMs = 0;

  /** @param wake resolves with the server's port when it takes connections */
  constructor(
    private readonly port: number,
    private readonly wake: () => Promise<number>,
  ) {}

  /** @throws when the port is taken. */
  async listen(): Promise<void> {
    if (this.server) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
      void this.join(client);
    });
    server.once("error", reject);
    server.listen(this.port, "127.0.0.1", resolve);
    await promise;
    server.on("error", () => {});
    this.server = server;
  }

  get connections(): number {
    return this.clients.size;
  }

  /** When the last one that has left did so; 0 if nobody has. */
  get lastLeftMs(): number {
    return this.leftAtMs;
  }

  /** Breaks the connections. */
  stop(): void {
    this.server?.close();
    this.server = undefined;
    for (const client of this.clients) client.destroy();
  }

  private async join(client: Socket): Promise<void> {
    this.clients.add(client);
    client.on("error", () => client.destroy());
    client.on("close", () => {
      this.clients.delete(client);
      this.leftAtMs = Date.now();
    });
    let port: number;
    try {
      port = await this.wake();
    } catch (error) {
      client.end(refusalMessage(errorJson(error).message));
      client.resume();
      return;
    }
    if (!client.destroyed) pass(client, port);
  }
}

function pass(client: Socket, port: number): void {
  const server = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  for (const socket of [client, server]) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
  }
  server.on("error", () => client.destroy());
  client.on("close", () => server.destroy());
  client.pipe(server);
  server.pipe(client);
}
