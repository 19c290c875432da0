import { afterEach, expect, test } from "bun:test";
import { eventually, RawClient } from "../http/testing/raw-client.ts";
import { getRequest, serversOfTests } from "../http/testing/served.ts";
import { forward } from "./forward.ts";
import type { ForwardHandler } from "./forward-options.ts";
import { RawUpstream } from "./testing/raw-upstream.ts";

const serve = serversOfTests();
let up: RawUpstream;
let port = 0;
afterEach(() => up.stop());

const handler: ForwardHandler = {
  onHead() {},
  onFailure: (exchange, failure) => exchange.respond(502, [], `<${failure.kind} ${failure.mayRetry}>`),
};
const ok = (body: string, lines = "") =>
  `HTTP/1.1 200 OK\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;

function connectedEdge(): Promise<RawClient> {
  up = new RawUpstream();
  const server = serve((exchange) => forward(exchange, up.origin, { handler }));
  port = server.port;
  return RawClient.connect({ port });
}

/** Asks for `path` and answers it, so that a connection is kept. */
async function keepOne(client: RawClient, answer = ok("<kept>")): Promise<void> {
  client.send(getRequest("/keep"));
  await eventually(() => up.requests.length === 1);
  up.requests[0]!.answer(answer);
  await client.untilText("<kept>");
}

test("A GET on a kept connection that has died goes once more to a new one; a POST is never sent twice", async () => {
  for (const method of ["GET", "POST"]) {
    const client = await connectedEdge();
    await keepOne(client);
    up.onRequest = (request) => {
      if (up.connections === 1) request.end();
      else request.answer(ok("<second>"));
    };
    client.send(`${method} /next HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
    await client.untilText(method === "GET" ? "<second>" : "<closed false>");
    expect(up.requests.map(({ text }) => text.split(" ")[1])).toEqual(
      method === "GET" ? ["/keep", "/next", "/next"] : ["/keep", "/next"],
    );
    client.leave();
    up.stop();
  }
}, 30_000);

test("A GET that loses a new connection, or had a part of its answer, is not sent again", async () => {
  const client = await connectedEdge();
  up.onRequest = (request) => request.end();
  await client.send(getRequest("/1")).untilText("<closed true>");
  up.onRequest = () => {};
  client.send(getRequest("/2"));
  await eventually(() => up.requests.length === 2);
  up.requests[1]!.answer(ok("<kept>"));
  await client.untilText("<kept>");
  up.onRequest = (request) => {
    request.answer("HTTP/1.1 200");
    request.end();
  };
  await client.send(getRequest("/3")).until(({ text }) => text.split("<closed true>").length === 3);
  expect(up.requests).toHaveLength(3);
  client.leave();
}, 30_000);

test("No POST arrives twice, whatever the upstream does to its connections", async () => {
  const client = await connectedEdge();
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  up.onRequest = (request) => {
    const deed = random(6);
    if (deed === 0) return request.end();
    if (deed === 1) request.answer("HTTP/1.1 20");
    else if (deed === 2) request.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    else request.answer(ok("<ok>", deed === 3 ? "Connection: close\r\n" : ""));
    // A kept connection may die at once, or when the next request is already on it.
    if (deed <= 3 || deed === 4) request.end();
  };
  client.leave();
  for (let round = 0; round < 300; round++) {
    const poster = await RawClient.connect({ port: port });
    poster.send(`POST /${round} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab`);
    await poster.untilClosed();
  }
  const paths = up.requests.map(({ text }) => text.split(" ")[1]);
  expect(new Set(paths).size).toBe(paths.length);
  expect(up.origin.inFlight).toBe(0);
}, 60_000);

test("Bytes behind an answer never become the answer of the next request", async () => {
  const client = await connectedEdge();
  await keepOne(client, `${ok("<kept>")}${ok("<poison>")}`);
  up.onRequest = (request) => request.answer(ok("<clean>"));
  await client.send(getRequest("/2")).untilText("<clean>");
  expect(up.connections).toBe(2);
  // And what comes later, when nobody has asked.
  up.requests[1]!.answer(ok("<poison>"));
  await eventually(() => up.requests[1]!.left);
  await client.send(getRequest("/3")).until(({ text }) => text.split("<clean>").length === 3);
  expect(client.text).not.toContain("<poison>");
  client.leave();
}, 30_000);

test("A connection is not kept beyond what the upstream says", async () => {
  const client = await connectedEdge();
  await keepOne(client, ok("<kept>", "Keep-Alive: timeout=1\r\n"));
  expect(up.origin.idleConnections).toBe(0);
  client.leave();
}, 30_000);

test("Closing an origin closes what is unused at once and the rest after its request", async () => {
  const client = await connectedEdge();
  await keepOne(client);
  const second = await RawClient.connect({ port: port });
  second.send(getRequest("/slow"));
  client.send(getRequest("/slow"));
  await eventually(() => up.requests.length === 3);
  up.requests[1]!.answer(ok("<slow>"));
  await eventually(() => up.origin.idleConnections === 1);
  up.origin.close();
  await eventually(() => up.requests[1]!.left);
  up.requests[2]!.answer(ok("<slow>"));
  await Promise.all([client.untilText("<slow>"), second.untilText("<slow>")]);
  await eventually(() => up.requests[2]!.left);
  client.leave();
  second.leave();
}, 30_000);

test("Pipelined requests share the kept connection and keep their order", async () => {
  const client = await connectedEdge();
  up.onRequest = (request) => request.answer(ok(`<${request.text.split(" ")[1]}>`));
  const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
  client.send(paths.map((path) => getRequest(path)).join(""));
  await client.untilText("</49>");
  expect<(string | undefined)[] | null>(client.text.match(/<[^>]*>/g)).toEqual(
    paths.map((path) => `<${path}>`),
  );
  expect(up.connections).toBe(1);
  client.leave();
}, 30_000);
