import { expect, test } from "bun:test";
import type { Exchange } from "./exchange.ts";
import type { HttpLimits } from "./limits.ts";
import { prepareResponse } from "./prepared-response.ts";
import { eventually, RawClient } from "./testing/raw-client.ts";
import { getRequest, serversOfTests } from "./testing/served.ts";

const serve = serversOfTests();

test("Pipelined requests are answered in their order, however long each takes", async () => {
  const delays: Record<string, number> = { "/1": 30, "/2": 0, "/3": 10, "/4": 0, "/5": 1 };
  let running = 0;
  let most = 0;
  const server = serve(async (exchange) => {
    most = Math.max(most, ++running);
    const body = await exchange.body.collect(100);
    if (delays[exchange.path]! > 0)
      await new Promise((resolve) => setTimeout(resolve, delays[exchange.path]));
    running--;
    exchange.respond(200, [], `<${exchange.path}${Buffer.from(body).toString()}>`);
  });
  const client = await RawClient.connect({ port: server.port });
  const body = "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  client.send(
    getRequest("/1") + getRequest("/2") + body + getRequest("/4") + getRequest("/5", "Connection: close\r\n"),
  );
  const text = await client.untilClosed();
  expect(text.match(/<[^>]*>/g)).toEqual(["</1>", "</2>", "</3abc>", "</4>", "</5>"]);
  expect(most).toBe(1);
}, 30_000);

test("A thousand pipelined requests that are answered at once all get their answer", async () => {
  const prepared = prepareResponse(200, [["content-type", "text/plain"]], Buffer.alloc(1_000, "x"));
  const server = serve((exchange) => exchange.respondPrepared(prepared));
  const client = await RawClient.connect({ port: server.port });
  client.pause();
  client.send(getRequest("/").repeat(1_000));
  client.resume();
  await client.until(({ text }) => text.length >= 1_000 * prepared.bytes.length);
  expect(client.text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1_000);
  client.leave();
}, 30_000);

test("A client that asks and does not read is not answered ahead", async () => {
  let begun = 0;
  const server = serve((exchange) => {
    begun++;
    exchange.respond(200, [], Buffer.alloc(1_000_000, "x"));
  });
  const client = await RawClient.connect({ port: server.port });
  client.forgetText();
  client.pause();
  client.send(getRequest("/").repeat(200));
  await eventually(() => begun > 0);
  // What fits into the kernel's buffers.
  expect(begun).toBeLessThan(100);
  client.resume();
  await client.until(({ receivedBytes }) => receivedBytes >= 200_000_000);
  expect(begun).toBe(200);
  client.leave();
}, 60_000);

test("A handler hears of a client that leaves, before and within its answer", async () => {
  const gone: string[] = [];
  let begun = 0;
  const finished: [string, number, boolean][] = [];
  let writer: ReturnType<Exchange["startResponse"]> | undefined;
  const server = serve(
    (exchange) => {
      begun++;
      exchange.onAbort(() => gone.push(exchange.path));
      if (exchange.path === "/streaming") {
        writer = exchange.startResponse(200, []);
        writer.write("begun");
      }
      if (exchange.path === "/upload") exchange.body.collect(1_000).catch((error) => gone.push(error.code));
    },
    { onFinished: (exchange) => finished.push([exchange.path, exchange.status, exchange.aborted]) },
  );
  for (const [path, more] of [
    ["/waiting", ""],
    ["/streaming", ""],
    ["/upload", "Content-Length: 10\r\n"],
  ] as const) {
    const client = await RawClient.connect({ port: server.port });
    client.send(getRequest(path, more));
    if (path === "/streaming") await client.untilText("begun");
    if (path === "/upload") client.send("half");
    await eventually(() => begun === finished.length + 1);
    client.leave();
    await eventually(() => server.connectionCount === 0);
  }
  expect(gone.sort()).toEqual(["/streaming", "/upload", "/waiting", "client_gone"]);
  expect(finished).toEqual([
    ["/waiting", 0, true],
    ["/streaming", 200, true],
    ["/upload", 0, true],
  ]);
  expect(writer!.write("into the void")).toBe(true);
  writer!.end();
}, 60_000);

test("Slow clients are cut off: in the head, in the body, when silent and when idle", async () => {
  const hasty = (limits: Partial<HttpLimits>) =>
    serve(
      async (exchange) => {
        if (exchange.method === "POST") await exchange.body.collect(10_000);
        exchange.respond(200, [], "done");
      },
      { limits, onError() {} },
    );
  const drip = (client: RawClient) => {
    const timer = setInterval(() => (client.closed ? clearInterval(timer) : client.send("x")), 20);
    return client.untilClosed();
  };
  const connect = (limits: Partial<HttpLimits>) => RawClient.connect({ port: hasty(limits).port });
  const [head, body, silent, idle] = await Promise.all([
    connect({ headTimeoutMs: 300 }).then((client) => drip(client.send("GET / HTTP/1.1\r\nX: "))),
    connect({ bodyTimeoutMs: 300, bodyMinimumBytes: 100 }).then((client) =>
      drip(client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n")),
    ),
    connect({ headTimeoutMs: 300, idleTimeoutMs: 300 }).then((client) => client.untilClosed()),
    connect({ idleTimeoutMs: 300 }).then((client) => client.send(getRequest("/")).untilClosed()),
  ]);
  expect(head).toStartWith("HTTP/1.1 408 ");
  expect(body).toStartWith("HTTP/1.1 408 ");
  expect(silent).toBe("");
  expect(idle).toEndWith("done");
}, 60_000);

test("A slow answer is not a slow client: no deadline of the connection touches it", async () => {
  const server = serve(
    async (exchange) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      exchange.respond(200, [], "late");
    },
    { limits: { idleTimeoutMs: 300, bodyTimeoutMs: 300, sendTimeoutMs: 300 } },
  );
  const client = await RawClient.connect({ port: server.port });
  await client.send(getRequest("/")).untilText("late");
  client.leave();
}, 30_000);

test("Stopping lets answers finish as the last of their connections, and closes idle ones", async () => {
  let release: (() => void) | undefined;
  const server = serve(async (exchange) => {
    if (exchange.path === "/slow") await new Promise<void>((resolve) => (release = resolve));
    exchange.respond(200, [], "answered");
  });
  const idle = await RawClient.connect({ port: server.port });
  await idle.send(getRequest("/")).untilText("answered");
  const busy = await RawClient.connect({ port: server.port });
  busy.send(getRequest("/slow"));
  await eventually(() => release !== undefined);
  const stopped = server.stop(20_000);
  await idle.untilClosed();
  await expect(RawClient.connect({ port: server.port })).rejects.toThrow();
  release!();
  const text = await busy.untilClosed();
  expect(text).toContain("\r\nconnection: close\r\n");
  expect(text).toEndWith("answered");
  await stopped;
}, 30_000);

test("An upgraded connection is a raw tunnel, with the bytes that came early", async () => {
  const server = serve((exchange) => {
    expect(exchange.upgrade).toBe("echo");
    const tunnel = exchange.acceptUpgrade([["x-a", "1"]]);
    tunnel.handler = {
      onBytes: (bytes) => void tunnel.write(bytes),
      onDrain() {},
      onEnd: () => tunnel.close(),
      onClose() {},
    };
  });
  const client = await RawClient.connect({ port: server.port });
  client.send(`${getRequest("/", "Connection: Upgrade\r\nUpgrade: Echo\r\n")}early`);
  await client.untilText("early");
  expect(client.text).toBe(
    "HTTP/1.1 101 Switching Protocols\r\nx-a: 1\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\nearly",
  );
  await client.send(" later").untilText("early later");
  client.halfClose();
  await client.untilClosed();
  await eventually(() => server.connectionCount === 0);
}, 30_000);

test("Two servers with reusePort share a port; without, the second is refused", () => {
  const listen = { hostname: "127.0.0.1", port: 0, reusePort: true };
  const first = serve(() => {}, { listen });
  serve(() => {}, { listen: { ...listen, port: first.port } });
  const alone = serve(() => {});
  expect(() => serve(() => {}, { listen: { hostname: "127.0.0.1", port: alone.port } })).toThrow();
});
