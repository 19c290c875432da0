import { expect, test } from "bun:test";
import { request } from "node:https";
import { prepareResponse } from "./prepared-response.ts";
import { localhostCertificate, localhostKey } from "./testing/localhost-certificate.ts";
import { eventually, RawClient } from "./testing/raw-client.ts";
import { getRequest, serversOfTests, withoutDate } from "./testing/served.ts";

const serve = serversOfTests();

test("HEAD, 204 and 304 have no body; lengths are kept exactly as given", async () => {
  const prepared = prepareResponse(200, [["x-kind", "prepared"]], Buffer.from("hello"));
  const server = serve((exchange) => {
    if (exchange.path === "/whole") exchange.respond(200, [], "hello");
    else if (exchange.path === "/told") exchange.respond(200, [["Content-Length", "1000000"]]);
    else if (exchange.path === "/prepared") exchange.respondPrepared(prepared, [["age", "7"]]);
    else if (exchange.path === "/sized") {
      const writer = exchange.startResponse(200, [["content-length", "5"]]);
      writer.write("he");
      writer.end("llo");
    } else if (exchange.path === "/chunked") {
      const writer = exchange.startResponse(200, []);
      writer.write("he");
      writer.end("llo");
    } else if (exchange.path === "/204") exchange.respond(204, [["x-a", "1"]], "hello");
    else
      exchange.respond(
        304,
        [
          ["etag", '"x"'],
          ["content-length", "9"],
        ],
        "hello",
      );
  });
  const ask = async (method: string, path: string) => {
    const client = await RawClient.connect({ port: server.port });
    client.send(`${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    return withoutDate(await client.untilClosed());
  };
  const close = "connection: close\r\n\r\n";
  expect(await ask("GET", "/whole")).toBe(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n${close}hello`);
  expect(await ask("HEAD", "/whole")).toBe(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n${close}`);
  expect(await ask("HEAD", "/told")).toBe(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n${close}`);
  expect(await ask("GET", "/prepared")).toBe(
    "HTTP/1.1 200 OK\r\nx-kind: prepared\r\ncontent-length: 5\r\nconnection: close\r\nage: 7\r\n\r\nhello",
  );
  expect(await ask("HEAD", "/prepared")).toEndWith(
    "content-length: 5\r\nconnection: close\r\nage: 7\r\n\r\n",
  );
  expect(await ask("GET", "/sized")).toBe(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n${close}hello`);
  expect(await ask("HEAD", "/sized")).toBe(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n${close}`);
  expect(await ask("GET", "/chunked")).toBe(
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n${close}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`,
  );
  expect(await ask("HEAD", "/chunked")).toEndWith(close);
  expect(await ask("GET", "/204")).toBe(`HTTP/1.1 204 No Content\r\nx-a: 1\r\n${close}`);
  expect(await ask("GET", "/304")).toBe(
    `HTTP/1.1 304 Not Modified\r\netag: "x"\r\ncontent-length: 9\r\n${close}`,
  );
}, 30_000);

test("HTTP/1.0 gets no chunks, and keeps its connection only if it asks", async () => {
  const server = serve((exchange) => {
    if (exchange.path === "/whole") return exchange.respond(200, [], "hello");
    exchange.startResponse(200, []).end("hello");
  });
  const once = await RawClient.connect({ port: server.port });
  once.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  expect(withoutDate(await once.untilClosed())).toBe("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello");
  const kept = await RawClient.connect({ port: server.port });
  await kept.send("GET /whole HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").untilText("hello");
  expect(kept.text).toContain("\r\nconnection: keep-alive\r\n");
  await kept.send("GET /whole HTTP/1.0\r\n\r\n").untilClosed();
  expect(kept.text.match(/hello/g)).toHaveLength(2);
}, 30_000);

test("Headers that would split an answer are refused, and the client gets a 500", async () => {
  const errors: unknown[] = [];
  const server = serve((exchange) => exchange.respond(302, [["location", "/\r\nset-cookie: x"]]), {
    onError: (error) => errors.push(error),
  });
  const client = await RawClient.connect({ port: server.port });
  await client.send(getRequest("/")).untilText("500: ");
  expect(client.text).not.toContain("set-cookie");
  expect(errors).toMatchObject([{ code: "invalid_header" }]);
  client.leave();
}, 30_000);

test("A handler that throws or rejects gives a 500; one that throws in its answer cuts the connection", async () => {
  const errors: unknown[] = [];
  const server = serve(
    (exchange) => {
      if (exchange.path === "/sync") throw new Error("sync");
      if (exchange.path === "/late") exchange.startResponse(200, []).write("begun");
      return Promise.reject(new Error("async"));
    },
    { onError: (error) => errors.push(error) },
  );
  const client = await RawClient.connect({ port: server.port });
  await client
    .send(getRequest("/sync") + getRequest("/async"))
    .until(({ text }) => text.split("500: ").length === 3);
  expect(await client.send(getRequest("/late")).untilClosed()).not.toContain("0\r\n\r\n");
  expect(errors.map(String)).toEqual(["Error: sync", "Error: async", "Error: async"]);
}, 30_000);

test("A writer is told when the client falls behind and when it has caught up, and not one byte is lost", async () => {
  const totalBytes = 64 * 1024 * 1024;
  let unreadBytes = 0;
  let sentBytes = 0;
  const server = serve((exchange) => {
    const writer = exchange.startResponse(200, [["content-length", String(totalBytes)]]);
    const chunk = Buffer.alloc(65_536, "z");
    const write = () => {
      while (sentBytes < totalBytes) {
        sentBytes += chunk.length;
        if (sentBytes === totalBytes) writer.end(chunk);
        else if (!writer.write(chunk)) return;
      }
    };
    writer.onDrain(write);
    write();
    unreadBytes = sentBytes;
  });
  const client = await RawClient.connect({ port: server.port });
  client.forgetText();
  client.pause();
  client.send(getRequest("/"));
  await eventually(() => unreadBytes > 0);
  // What the kernel buffers, and no more.
  expect(unreadBytes).toBeLessThan(totalBytes / 2);
  client.resume();
  await client.until(({ receivedBytes }) => receivedBytes >= totalBytes);
  client.leave();
}, 60_000);

test("Over TLS a long answer arrives whole, past a client that reads slowly", async () => {
  const totalBytes = 8 * 1024 * 1024;
  const server = serve(
    (exchange) => {
      expect(exchange.scheme).toBe("https");
      exchange.respond(200, [], Buffer.alloc(totalBytes, "t"));
    },
    { tls: { cert: localhostCertificate, key: localhostKey } },
  );
  const received = await new Promise<number>((resolve, reject) => {
    const options = {
      port: server.port,
      host: "127.0.0.1",
      servername: "localhost",
      ca: localhostCertificate,
      agent: false,
    };
    request(options, async (response) => {
      let bytes = 0;
      for await (const chunk of response) {
        bytes += (chunk as Buffer).length;
        await new Promise((next) => setImmediate(next));
      }
      resolve(bytes);
    })
      .on("error", reject)
      .end();
  });
  expect(received).toBe(totalBytes);
}, 30_000);
