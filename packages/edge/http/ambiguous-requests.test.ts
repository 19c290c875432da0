import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { HttpServer } from "./http-server.ts";
import { startHttpServer } from "./http-server.ts";
import { RawClient } from "./testing/raw-client.ts";

let server: HttpServer;
/** What reached the handler, as `METHOD target host`. */
const seen: string[] = [];

beforeAll(() => {
  server = startHttpServer({
    listen: { hostname: "127.0.0.1", port: 0 },
    limits: { lingerMs: 20_000 },
    async handler(exchange) {
      seen.push(`${exchange.method} ${exchange.target} ${exchange.hostPort}`);
      const body = await exchange.body.collect(1_000_000);
      exchange.respond(200, [], `[${exchange.target}|${exchange.host}|${Buffer.from(body).toString()}]`);
    },
  });
});

afterAll(() => server.stop(0));

const get = (lines: string) => `GET / HTTP/1.1\r\n${lines}\r\n\r\n`;
const post = (lines: string, body: string) => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`;

// Each is followed by a second, well-formed request, which must never be answered.
const refused: [title: string, status: number, bytes: string][] = [
  ["garbage instead of a request line", 400, "\x16\x03\x01\x02\r\n\r\n"],
  ["a request line without a version", 400, "GET /\r\n\r\n"],
  ["two blanks in the request line", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a tab in the request line", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a blank inside the target", 400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a fragment in the target", 400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["raw bytes beyond ASCII in the target", 400, "GET /\xfc HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a relative target", 400, "GET index.html HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["an asterisk target for GET", 400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a lower-case protocol name", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"],
  ["HTTP/2.0 in a request line", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
  ["a version of two digits", 400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"],
  ["TRACE", 501, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["CONNECT", 405, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"],
  ["no Host", 400, get("Accept: */*")],
  ["an empty Host", 400, get("Host:")],
  ["two Hosts", 400, get("Host: a\r\nHost: b")],
  ["two equal Hosts", 400, get("Host: a\r\nHost: a")],
  ["a list in Host", 400, get("Host: a, b")],
  ["a path and credentials in Host", 400, get("Host: a/b@c")],
  ["a Host with credentials", 400, get("Host: user@a")],
  ["a Host with a broken port", 400, get("Host: a:8x")],
  ["a Host with a percent sign", 400, get("Host: a%00b")],
  ["an open bracket in Host", 400, get("Host: [::1")],
  ["an absolute target that differs from Host", 400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["an absolute target with credentials", 400, "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["an absolute target of another scheme", 400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["bare line feeds", 400, "GET / HTTP/1.1\nHost: a\n\n"],
  ["a bare line feed after one header", 400, get("Host: a\nX: b")],
  ["a bare carriage return in a value", 400, get("Host: a\r\nX: b\rc")],
  ["a folded header line", 400, get("Host: a\r\nX: b\r\n c")],
  ["a line that begins with a blank", 400, get(" Host: a")],
  ["a blank before the colon", 400, get("Host: a\r\nX : b")],
  ["a header line without a colon", 400, get("Host: a\r\nX")],
  ["an empty header name", 400, get("Host: a\r\n: b")],
  ["NUL in a value", 400, get("Host: a\r\nX: b\0c")],
  ["NUL in a name", 400, get("Host: a\r\nX\0: b")],
  ["DEL in a value", 400, get("Host: a\r\nX: \x7f")],
  ["both lengths", 400, post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n")],
  [
    "both lengths, the other order",
    400,
    post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"),
  ],
  ["differing Content-Lengths", 400, post("Content-Length: 5\r\nContent-Length: 6", "hello")],
  ["a list of Content-Lengths", 400, post("Content-Length: 5, 5", "hello")],
  ["a signed Content-Length", 400, post("Content-Length: +5", "hello")],
  ["a hexadecimal Content-Length", 400, post("Content-Length: 0x5", "hello")],
  ["an empty Content-Length", 400, post("Content-Length:", "hello")],
  ["a Content-Length beyond all numbers", 400, post("Content-Length: 99999999999999999999", "hello")],
  ["Transfer-Encoding: identity, chunked", 400, post("Transfer-Encoding: identity, chunked", "0\r\n\r\n")],
  ["Transfer-Encoding: chunked, chunked", 400, post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n")],
  [
    "Transfer-Encoding in two lines",
    400,
    post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
  ],
  ["Transfer-Encoding: xchunked", 400, post("Transfer-Encoding: xchunked", "0\r\n\r\n")],
  ["Transfer-Encoding with a vertical tab", 400, post("Transfer-Encoding: \x0bchunked", "0\r\n\r\n")],
  ["Transfer-Encoding: chunked, gzip", 400, post("Transfer-Encoding: chunked, gzip", "0\r\n\r\n")],
  ["Transfer-Encoding: gzip, chunked", 501, post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")],
  [
    "Transfer-Encoding in HTTP/1.0",
    400,
    "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  ["a chunk size that is no number", 400, post("Transfer-Encoding: chunked", "z\r\n\r\n")],
  ["a negative chunk size", 400, post("Transfer-Encoding: chunked", "-1\r\n\r\n")],
  ["a chunk size with 0x", 400, post("Transfer-Encoding: chunked", "0x5\r\nhello\r\n0\r\n\r\n")],
  ["a chunk size beyond all numbers", 400, post("Transfer-Encoding: chunked", "ffffffffffffffff\r\n")],
  ["a chunk longer than its size", 400, post("Transfer-Encoding: chunked", "3\r\nhello\r\n0\r\n\r\n")],
  [
    "a chunk size line ended by a line feed",
    400,
    post("Transfer-Encoding: chunked", "5\nhello\r\n0\r\n\r\n"),
  ],
  ["a chunk ended by a line feed", 400, post("Transfer-Encoding: chunked", "5\r\nhello\n0\r\n\r\n")],
  [
    "an endless chunk extension",
    400,
    post("Transfer-Encoding: chunked", `5;${"x".repeat(5_000)}\r\nhello\r\n0\r\n\r\n`),
  ],
  ["NUL in a trailer", 400, post("Transfer-Encoding: chunked", "0\r\nX: \0\r\n\r\n")],
  ["an expectation that cannot be met", 417, get("Host: a\r\nExpect: 200-ok")],
  ["a target of 20 KB", 414, `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ["a target without an end", 414, `GET /${"a".repeat(70_000)}`],
  ["a header line of 70 KB", 431, get(`Host: a\r\nX: ${"b".repeat(70_000)}`)],
  ["a header line without an end", 431, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"b".repeat(70_000)}`],
  [
    "300 header lines",
    431,
    get(`Host: a\r\n${Array.from({ length: 300 }, (_, n) => `X${n}: 1`).join("\r\n")}`),
  ],
  ["a method without an end", 400, "A".repeat(100)],
];

describe("An ambiguous or broken request is refused, and nothing behind it is read", () => {
  for (const [title, status, bytes] of refused) {
    test(`${status} for ${title}`, async () => {
      const client = await RawClient.connect({ port: server.port });
      client.send(`${bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
      const text = await client.untilClosed();
      expect(text).toStartWith(`HTTP/1.1 ${status} `);
      expect(text).toContain("\r\nconnection: close\r\n");
      expect(text.match(/HTTP\/1\.1 \d{3} /g)).toHaveLength(1);
      expect(seen.filter((request) => request.includes("/smuggled"))).toEqual([]);
    }, 30_000);
  }
});

const accepted: [title: string, answer: string, bytes: string][] = [
  [
    "raw paths, untouched",
    "[/a/../%2e%2e//b;x?y=%2F&|z|a|]",
    "GET /a/../%2e%2e//b;x?y=%2F&|z HTTP/1.1\r\nHost: a\r\n\r\n",
  ],
  [
    "a backslash, quotes and braces in the target",
    '[/\\"{}^`|a|]',
    'GET /\\"{}^` HTTP/1.1\r\nHost: a\r\n\r\n',
  ],
  ["blank lines before the request", "[/|a|]", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["header names in any case, blanks around values", "[/|a|]", "GET / HTTP/1.1\r\nhOsT: \t a \t\r\n\r\n"],
  ["a host in capitals with port and final dot", "[/|example.com|]", get("Host: EXAMPLE.com.:8080")],
  ["an IPv6 host", "[/|[::1]|]", get("Host: [::1]:80")],
  ["an absolute target equal to Host", "[/x?y|a|]", "GET http://A/x?y HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["an absolute target with the default port", "[/|a|]", "GET http://a:80 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["an absolute target with a query alone", "[/?q|a|]", "GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["OPTIONS *", "[*|a|]", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["an unusual method", "[/|a|]", "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["HTTP/1.0 without Host", "[/||]", "GET / HTTP/1.0\r\n\r\n"],
  ["a body by Content-Length", "[/|a|hello]", post("Content-Length: 5", "hello")],
  ["a body on GET", "[/|a|hello]", `${get("Host: a\r\nContent-Length: 5")}hello`],
  [
    "chunks with extensions and trailers",
    "[/|a|hello world]",
    post("Transfer-Encoding: Chunked", "5;a=b\r\nhello\r\n6\r\n world\r\n000\r\nX: y\r\n\r\n"),
  ],
  ["bytes beyond ASCII in a value", "[/|a|]", get("Host: a\r\nX: \xe4\xf6")],
  [
    "256 header lines",
    "[/|a|]",
    get(`Host: a\r\n${Array.from({ length: 255 }, (_, n) => `X${n}: 1`).join("\r\n")}`),
  ],
];

describe("A valid request is answered", () => {
  for (const [title, answer, bytes] of accepted) {
    test(title, async () => {
      const client = await RawClient.connect({ port: server.port });
      await client.send(bytes).untilText(answer);
      expect(client.text).toStartWith("HTTP/1.1 200 OK\r\n");
      client.leave();
    }, 30_000);

    test(`${title}; sent byte by byte`, async () => {
      const client = await RawClient.connect({ port: server.port });
      for (const byte of bytes.slice(0, 400)) {
        client.send(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await client.send(bytes.slice(400)).untilText(answer);
      client.leave();
    }, 30_000);
  }
});
