import { afterEach } from "bun:test";
import { RawClient } from "../../http/testing/raw-client.ts";
import { serversOfTests } from "../../http/testing/served.ts";
import { forward } from "../forward.ts";
import type { ForwardHandler, ForwardOptions, UpstreamFailure } from "../forward-options.ts";
import type { UpstreamOrigin } from "../origin.ts";
import { RawUpstream } from "./raw-upstream.ts";

/** Gives the test file upstreams and edges in front of them; they are stopped after each test. */
export function forwardingOfTests() {
  const serve = serversOfTests();
  const upstreams: RawUpstream[] = [];
  afterEach(() => {
    for (const upstream of upstreams.splice(0)) upstream.stop();
  });

  function upstream(): RawUpstream {
    const made = new RawUpstream();
    upstreams.push(made);
    return made;
  }

  /** An edge that forwards everything to `origin`, and what it noted. */
  function edge(origin: UpstreamOrigin, options: Partial<ForwardOptions> & Partial<ForwardHandler> = {}) {
    const failures: UpstreamFailure[] = [];
    const settled: string[] = [];
    const handler: ForwardHandler = {
      onHead: options.onHead ?? (() => {}),
      onFailure(exchange, failure) {
        failures.push(failure);
        if (options.onFailure !== undefined) options.onFailure(exchange, failure);
        else exchange.respond(failure.kind.endsWith("deadline") ? 504 : 502, [], `<${failure.kind}>`);
      },
      onSettled: (exchange) => settled.push(exchange.path),
    };
    /** What was given to `forward`, request by request; it may be changed while a request is running. */
    const given: ForwardOptions[] = [];
    const server = serve((exchange) => {
      const own = { ...options, handler };
      given.push(own);
      forward(exchange, origin, own);
    });
    const connect = () => RawClient.connect({ port: server.port });
    return { given, failures, settled, connect };
  }

  return { upstream, edge };
}

/** An answer with a length. */
export const ok = (body: string, lines = "") =>
  `HTTP/1.1 200 OK\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;
