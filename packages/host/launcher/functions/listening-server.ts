import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import process from "node:process";
import type { Duplex } from "node:stream";
import { noteUpgraded } from "../in-flight.ts";
import { takeInternalHeaders } from "../request/internal-request-headers.ts";
import { runInContext } from "../request/request-context.ts";
import { keepConnectionsOpen } from "./function-server.ts";

/** What stands in for TCP's port in `server.address()`, unless the app asked for one. */
const defaultPort = 3000;

/**
 * While in force, the first HTTP server of the app that calls `listen` listens on the instance's socket instead of its port, as on Vercel;
 * later ones listen where they say.
 */
export interface ListenCapture {
  /** The server that listens, once there is one. */
  readonly server: Server | undefined;
  /** Resolves with the server when it calls `listen`. */
  readonly captured: Promise<Server>;
  /** From here on servers listen as they say. */
  release(): void;
}

export function captureListen(socketPath: string): ListenCapture {
  const prototype = http.Server.prototype as Server;
  const original = prototype.listen;
  // Node inherits it from `net.Server`, Bun has it here.
  const own = Object.getOwnPropertyDescriptor(prototype, "listen");
  let resolve: (server: Server) => void = () => {};
  const capture = {
    server: undefined as Server | undefined,
    captured: new Promise<Server>((found) => {
      resolve = found;
    }),
    release() {
      if (own) Object.defineProperty(prototype, "listen", own);
      else delete (prototype as Partial<Server>).listen;
    },
  };
  prototype.listen = function listen(this: Server, ...values: unknown[]) {
    capture.release();
    capture.server = this;
    adoptServer(this);
    pretendPort(this, values);
    const callback = values.find((value) => typeof value === "function") as (() => void) | undefined;
    // At once and not when the module has loaded: apps await it at module level.
    original.call(this, socketPath, callback);
    resolve(this);
    return this;
  } as Server["listen"];
  return capture;
}

/** Gives a server of the app the platform's settings and request context. */
export function adoptServer(server: Server): void {
  keepConnectionsOpen(server);
  const emit = server.emit as (name: string | symbol, ...values: unknown[]) => boolean;
  const isBun = process.versions["bun"] !== undefined;
  server.emit = function (this: Server, name: string | symbol, ...values: unknown[]): boolean {
    if (name === "request" || name === "checkContinue" || name === "checkExpectation") {
      const [request, response] = values as [IncomingMessage, ServerResponse];
      if (isBun) takeInternalHeaders(request);
      return runInContext(response, () => emit.call(this, name, request, response));
    }
    if (name === "upgrade") noteUpgraded(values[1] as Duplex);
    return emit.call(this, name, ...values);
  } as Server["emit"];
}

/** Apps log and reuse the port that they asked for; a path in its place would be `undefined` to them. */
function pretendPort(server: Server, values: unknown[]): void {
  const [first] = values;
  const asked =
    typeof first === "object" && first !== null ? (first as { port?: unknown }).port : (first as unknown);
  const port = Number(asked) || defaultPort;
  server.address = () => (server.listening ? { address: "127.0.0.1", family: "IPv4", port } : null);
}
