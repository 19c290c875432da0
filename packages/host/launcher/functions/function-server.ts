import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import process from "node:process";
import type { Duplex } from "node:stream";
import { noteUpgraded } from "../in-flight.ts";
import { answerThrown } from "../request/fault-answer.ts";
import { takeInternalHeaders } from "../request/internal-request-headers.ts";
import { offerUpgrade, runInContext } from "../request/request-context.ts";

/** Answers a request; what it returns matters only as a promise that may reject. */
export type FunctionListener = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface FunctionServerClasses {
  IncomingMessage?: typeof http.IncomingMessage;
  ServerResponse?: new (request: IncomingMessage) => ServerResponse;
}

/** The edge bounds heads to 64 KiB; ours are added to them. */
const maxHeadBytes = 128 * 1024;

/**
 * An HTTP server for a function. Everything that could vary is decided here, once; per request it costs one
 * `AsyncLocalStorage.run` beside the handler.
 */
export function createFunctionServer(
  listener: FunctionListener,
  classes: FunctionServerClasses = {},
): Server {
  const invoke = (request: IncomingMessage, response: ServerResponse): void => {
    try {
      const result = listener(request, response) as { then?: unknown } | undefined;
      if (result !== null && typeof result === "object" && typeof result.then === "function") {
        result.then(undefined, (error: unknown) => answerThrown(response, error));
      }
    } catch (error) {
      answerThrown(response, error);
    }
  };
  const onRequest = process.versions["bun"]
    ? (request: IncomingMessage, response: ServerResponse) => {
        takeInternalHeaders(request);
        runInContext(response, invoke);
      }
    : (_request: IncomingMessage, response: ServerResponse) => runInContext(response, invoke);
  const server = http.createServer(
    { ...(classes as http.ServerOptions), maxHeaderSize: maxHeadBytes },
    onRequest,
  );
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    runUpgrade(request, socket, head, invoke);
  });
  keepConnectionsOpen(server);
  return server;
}

/**
 * Turns Node's own limits off: the edge owns every limit of time, and a connection that Node closes while the edge takes it from
 * its pool would fail a request. Later assignments by the app are ignored for the same reason.
 */
export function keepConnectionsOpen(server: Server): void {
  for (const name of [
    "keepAliveTimeout",
    "requestTimeout",
    "headersTimeout",
    "timeout",
    "maxRequestsPerSocket",
  ]) {
    Object.defineProperty(server, name, {
      configurable: true,
      enumerable: true,
      get: () => 0,
      set: () => {},
    });
  }
  (server as Server & { maxHeaderSize?: number }).maxHeaderSize = maxHeadBytes;
}

/** A function may answer an upgrade like any request, or take the socket (`experimental_upgradeWebSocket`). */
function runUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  invoke: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  const response = new http.ServerResponse(request);
  const connection = socket as Parameters<ServerResponse["assignSocket"]>[0];
  const release = () => response.detachSocket(connection);
  const close = () => {
    release();
    socket.end();
  };
  socket.on("error", () => socket.destroy());
  response.shouldKeepAlive = false;
  response.assignSocket(connection);
  response.on("finish", close);
  offerUpgrade(response, () => {
    response.off("finish", close);
    release();
    noteUpgraded(socket);
    return { req: request, socket, head };
  });
  runInContext(response, invoke);
}
