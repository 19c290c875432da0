import { afterEach } from "bun:test";
import type { Handler } from "../exchange.ts";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "../http-server.ts";

/** Gives the test file a function that starts servers on free ports; they are stopped after each test. */
export function serversOfTests(): (handler: Handler, options?: Partial<HttpServerOptions>) => HttpServer {
  const started: HttpServer[] = [];
  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop(0);
  });
  return (handler, options = {}) => {
    const server = startHttpServer({ listen: { hostname: "127.0.0.1", port: 0 }, handler, ...options });
    started.push(server);
    return server;
  };
}

export const getRequest = (path: string, moreLines = "") =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\n${moreLines}\r\n`;

export const withoutDate = (text: string) => text.replace(/date: [^\r]*\r\n/gi, "");
