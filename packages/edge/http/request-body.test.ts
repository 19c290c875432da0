import { expect, test } from "bun:test";
import { eventually, RawClient } from "./testing/raw-client.ts";
import { getRequest, serversOfTests } from "./testing/served.ts";

const serve = serversOfTests();

test("100 Continue is sent when somebody reads the body, and not when the answer needs none", async () => {
  const server = serve(async (exchange) => {
    if (exchange.path === "/refused") return exchange.respond(403, []);
    exchange.respond(200, [], await exchange.body.collect(100));
  });
  const post = (path: string) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n`;
  const client = await RawClient.connect({ port: server.port });
  await client.send(post("/")).untilText("HTTP/1.1 100 Continue\r\n\r\n");
  await client.send("hello").untilText("hello");
  await client.send(post("/refused")).untilClosed();
  expect(client.text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 100", "HTTP/1.1 200", "HTTP/1.1 403"]);
  expect(client.text).toEndWith("connection: close\r\n\r\n");
}, 30_000);

test("A body that nobody read is dropped: a short one keeps the connection, a long one closes it after the answer", async () => {
  const server = serve((exchange) => exchange.respond(404, [], "<none>"), { limits: { lingerMs: 20_000 } });
  const client = await RawClient.connect({ port: server.port });
  const short = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${"x".repeat(100_000)}`;
  await client.send(short + getRequest("/next")).until(({ text }) => text.split("<none>").length === 3);
  client.leave();
  const long = await RawClient.connect({ port: server.port });
  long.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n${"x".repeat(3_000_000)}`);
  const text = await long.untilClosed();
  expect(text).toContain("\r\nconnection: close\r\n");
  expect(text).toEndWith("<none>");
}, 30_000);

test("A body above its reader's limit is refused without being read to the end", async () => {
  const server = serve(async (exchange) => {
    await exchange.body.collect(1_000).catch((error) => exchange.respond(413, [], error.code));
  });
  for (const lengthLine of ["Content-Length: 9000000", "Transfer-Encoding: chunked"]) {
    const client = await RawClient.connect({ port: server.port });
    client.send(`POST / HTTP/1.1\r\nHost: a\r\n${lengthLine}\r\n\r\n`);
    client.send(`200000\r\n${"x".repeat(3_000_000)}`.slice(lengthLine.startsWith("C") ? 8 : 0));
    expect(await client.untilClosed()).toEndWith("body_too_large");
  }
}, 30_000);

test("An uploading client is held back while its reader is, and not one byte is lost", async () => {
  const totalBytes = 64 * 1024 * 1024;
  let readBytes = 0;
  let resume: (() => void) | undefined;
  const server = serve((exchange) => {
    let held = false;
    exchange.body.stream({
      onChunk(chunk) {
        expect(held).toBe(false);
        readBytes += chunk.length;
        held = true;
        resume = () => {
          held = false;
          resume = undefined;
          exchange.body.resume();
        };
        return false;
      },
      onEnd: () => exchange.respond(200, [], `read ${readBytes}`),
      onAbort() {},
    });
  });
  const client = await RawClient.connect({ port: server.port });
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${totalBytes}\r\n\r\n`);
  client.send(Buffer.alloc(totalBytes, "u"));
  while (readBytes < totalBytes) {
    await eventually(() => resume !== undefined);
    resume!();
  }
  await client.untilText(`read ${totalBytes}`);
  client.leave();
}, 120_000);
