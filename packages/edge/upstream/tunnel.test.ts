import { afterEach, expect, test } from "bun:test";
import { eventually, RawClient } from "../http/testing/raw-client.ts";
import { getRequest, serversOfTests } from "../http/testing/served.ts";
import { forward } from "./forward.ts";
import { RawUpstream } from "./testing/raw-upstream.ts";

const serve = serversOfTests();
let up: RawUpstream;
afterEach(() => up.stop());

const switching =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Accept: k\r\n\r\n";
const upgradeLines = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nX-Key: k\r\n";

async function connectedEdge() {
  up = new RawUpstream();
  const settled: string[] = [];
  const handler = { onHead() {}, onFailure() {}, onSettled: () => void settled.push("settled") };
  const server = serve((exchange) => forward(exchange, up.origin, { handler }));
  return { client: await RawClient.connect({ port: server.port }), settled, server };
}

test("An upgrade becomes a tunnel: early bytes, both directions, and each side's end", async () => {
  for (const leaver of ["client", "upstream"]) {
    const { client, settled, server } = await connectedEdge();
    client.send(getRequest("/ws", upgradeLines));
    await eventually(() => up.requests.length === 1);
    expect(up.requests[0]!.text).toBe(
      "GET /ws HTTP/1.1\r\nHost: a\r\nX-Key: k\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n",
    );
    up.requests[0]!.answer(`${switching}early`);
    await client.untilText("early");
    expect(client.text).toStartWith("HTTP/1.1 101 Switching Protocols\r\nx-accept: k\r\n");
    expect([up.origin.inFlight, settled]).toEqual([1, []]);
    client.send("\x00\xffping");
    await eventually(() => up.requests[1]?.text === "\x00\xffping");
    up.requests[1]!.answer("pong");
    await client.untilText("earlypong");
    if (leaver === "client") client.leave();
    else up.requests[1]!.end();
    await eventually(() => up.requests[1]!.left && server.connectionCount === 0);
    await client.untilClosed();
    await eventually(() => settled.length === 1);
    expect(up.origin.inFlight).toBe(0);
    up.stop();
  }
}, 30_000);

test("A tunnel loses nothing while one side stalls", async () => {
  const totalBytes = 32 * 1024 * 1024;
  const { client } = await connectedEdge();
  client.send(getRequest("/ws", upgradeLines));
  await eventually(() => up.requests.length === 1);
  up.requests[0]!.answer(switching);
  await client.untilText("x-accept");
  client.send("begin");
  await eventually(() => up.requests.length === 2);
  const { socket } = up.requests[1]!;
  socket.pause();
  client.send(Buffer.alloc(totalBytes, "c"));
  // The client's own socket is full: what it could not hand over waits with it.
  await eventually(() => client.waitingBytes > 0);
  socket.resume();
  await eventually(
    () => up.requests.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0) >= totalBytes,
  );
  expect(client.waitingBytes).toBe(0);
  client.leave();
}, 60_000);

test("An upgrade that the upstream refuses is an ordinary answer, and the connection goes on", async () => {
  const { client } = await connectedEdge();
  client.send(getRequest("/ws", upgradeLines));
  await eventually(() => up.requests.length === 1);
  up.requests[0]!.answer("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno");
  await client.untilText("\r\n\r\nno");
  client.send(getRequest("/next"));
  await eventually(() => up.requests.length === 2);
  client.leave();
}, 30_000);

test("h2c is not passed on: it would let a client speak past the edge", async () => {
  const { client } = await connectedEdge();
  client.send(
    getRequest("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
  );
  await eventually(() => up.requests.length === 1);
  expect(up.requests[0]!.text).toBe("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.leave();
}, 30_000);
