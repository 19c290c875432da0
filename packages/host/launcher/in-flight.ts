import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import process from "node:process";
import type { Duplex } from "node:stream";

type HttpSocket = Socket & { _httpMessage?: ServerResponse | null };

const upgraded = new WeakSet<Duplex>();

/** A WebSocket has no response; its connection counts as busy until it is closed. */
export function noteUpgraded(socket: Duplex): void {
  upgraded.add(socket);
}

/**
 * Knows the answers under way without any work per request: connections are kept for long, and Node notes on each of them the response
 * that it is busy with.
 */
export class InFlight {
  private readonly sockets = new Set<HttpSocket>();
  private readonly tracked = new Set<ServerResponse>();

  constructor(server: Server) {
    server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
    });
    // Bun's sockets do not say.
    if (!process.versions["bun"]) return;
    server.prependListener("request", (_request, response) => {
      this.tracked.add(response);
      response.once("close", () => this.tracked.delete(response));
    });
  }

  responses(): ServerResponse[] {
    const responses = [...this.tracked];
    for (const { _httpMessage: response } of this.sockets) {
      if (response && !response.writableFinished) responses.push(response);
    }
    return responses;
  }

  /** Number of connections with an answer under way or a WebSocket on them. */
  busy(): number {
    let count = this.responses().length;
    for (const socket of this.sockets) if (upgraded.has(socket)) count++;
    return count;
  }

  /** Grows with every request. */
  receivedBytes(): number {
    let bytes = 0;
    for (const socket of this.sockets) bytes += socket.bytesRead;
    return bytes;
  }

  destroyAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
