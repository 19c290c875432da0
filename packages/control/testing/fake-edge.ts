import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  applyServingEntry,
  emptyServingState,
  type FeedFromControl,
  type FeedToControl,
  type ServingState,
} from "@evenkeel/model";
import { keepConnected } from "@evenkeel/wire";

/** An edge as control sees one: it follows the feed and answers `GET /` with the deployment that the host name leads to. */
export class FakeEdge {
  state: ServingState = emptyServingState();
  /** Deployments in whose place the edge answers with a fault. */
  readonly broken = new Set<string>();
  /** What apps answer at these paths; all others say hello. */
  readonly routes = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  /** While false, messages of the feed are neither applied nor acknowledged. */
  reading = true;
  private readonly link: { stop(): void };

  private constructor(
    feedSocket: string,
    private readonly server: Server,
  ) {
    this.link = keepConnected<FeedFromControl, FeedToControl>(feedSocket, (connection) => {
      connection.onMessage = (message) => {
        if (!this.reading) return;
        if (message.type === "snapshot") this.state = message.state;
        else for (const entry of message.entries) applyServingEntry(this.state, entry);
        connection.send({ type: "ack", version: this.state.version });
      };
      connection.send({ type: "hello", role: "edge", name: "edge-0", version: this.state.version });
    });
  }

  static async start(feedSocket: string): Promise<FakeEdge> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const edge = new FakeEdge(feedSocket, server);
    server.on("request", (request, response) => {
      const route = edge.routes.get(request.url!);
      if (route) return route(request, response);
      const deployment = edge.answering(request.headers.host!.replace(/:\d+$/, ""));
      if (deployment === undefined)
        response.writeHead(404, { "x-vercel-error": "DEPLOYMENT_NOT_FOUND" }).end();
      else if (edge.broken.has(deployment)) {
        response
          .writeHead(500, {
            "x-evenkeel-deployment": deployment,
            "x-vercel-error": "FUNCTION_INVOCATION_FAILED",
          })
          .end(
            JSON.stringify({
              error: { code: "FUNCTION_INVOCATION_FAILED", message: "This function has crashed." },
            }),
          );
      } else response.writeHead(200, { "x-evenkeel-deployment": deployment }).end("hello");
    });
    return edge;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  answering(host: string): string | undefined {
    return this.state.aliases[host]?.deployment;
  }

  stop(): void {
    this.link.stop();
    this.server.close();
    this.server.closeAllConnections();
  }
}
