import { describe, expect, test } from "bun:test";
import { HeaderFilter } from "../http/header-filter.ts";
import { eventually } from "../http/testing/raw-client.ts";
import { getRequest, withoutDate } from "../http/testing/served.ts";
import { forwardingOfTests, ok } from "./testing/forwarding-edge.ts";

const { upstream, edge } = forwardingOfTests();

describe("A forwarded request", () => {
  test("keeps its bytes; hop-by-hop, dropped and replaced lines go, ours come", async () => {
    const up = upstream();
    const { connect } = edge(up.origin, {
      dropHeaders: new HeaderFilter(["x-vercel-id"], ["x-evenkeel-"]),
      setHeaders: [
        ["x-forwarded-for", "1.2.3.4"],
        ["x-new", "n"],
      ],
    });
    const client = await connect();
    client.send(
      "GET /a/../b%2F?x=1&&y HTTP/1.1\r\nHost: Example.com:80\r\nX-EVENKEEL-Fault: spoof\r\nConnection: keep-alive, X-Hop\r\n" +
        "x-vercel-ID: spoof\r\nX-Hop: 1\r\nCookie: a=1\r\ncookie: b=\xe4\r\nTE: trailers\r\nKeep-Alive: timeout=5\r\nX-FORWARDED-FOR: spoof\r\n" +
        "Proxy-Connection: close\r\nExpect: 100-continue\r\nx-last: z\r\n\r\n",
    );
    await eventually(() => up.requests.length === 1);
    expect(up.requests[0]!.text).toBe(
      "GET /a/../b%2F?x=1&&y HTTP/1.1\r\nHost: Example.com:80\r\nCookie: a=1\r\ncookie: b=\xe4\r\nx-last: z\r\n" +
        "x-forwarded-for: 1.2.3.4\r\nx-new: n\r\n\r\n",
    );
    client.leave();
  }, 30_000);

  test("may get another method, target, host and body", async () => {
    const up = upstream();
    const { connect } = edge(up.origin, {
      method: "PUT",
      target: "/other?q",
      body: Buffer.from("ours"),
      setHeaders: [["host", "h"]],
    });
    const client = await connect();
    client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n6\r\ntheirs\r\n0\r\n\r\n",
    );
    await eventually(() => up.requests[0]?.text.endsWith("ours") === true);
    expect(up.requests[0]!.text).toBe(
      "PUT /other?q HTTP/1.1\r\nX: y\r\nhost: h\r\ncontent-length: 4\r\n\r\nours",
    );
    up.requests[0]!.answer(ok("done"));
    await client.untilText("done");
    client.leave();
  }, 30_000);

  test("in HTTP/1.0 or absolute form arrives as HTTP/1.1 in origin form with a Host", async () => {
    const up = upstream();
    const { connect } = edge(up.origin);
    (await connect()).send("GET http://h:80/x HTTP/1.0\r\nX: y\r\n\r\n");
    await eventually(() => up.requests.length === 1);
    expect(up.requests[0]!.text).toBe("GET /x HTTP/1.1\r\nX: y\r\nhost: h:80\r\n\r\n");
  }, 30_000);

  test("streams its body chunk by chunk, by length or in chunks, trailers dropped", async () => {
    const up = upstream();
    const { connect } = edge(up.origin);
    const client = await connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    await eventually(() => up.requests[0]?.text.endsWith("3\r\nabc\r\n") === true);
    client.send("1;x=y\r\nd\r\n0\r\nTrailer: dropped\r\n\r\n");
    await eventually(() => up.requests[0]!.text.endsWith("3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"));
    up.requests[0]!.answer(ok("one"));
    await client.untilText("one");
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nab");
    await eventually(() => up.requests[1]?.text.endsWith("\r\n\r\nab") === true);
    client.send("cdef");
    await eventually(() => up.requests[1]!.text.endsWith("\r\n\r\nabcdef"));
    expect(up.connections).toBe(1);
    client.leave();
  }, 30_000);
});

// What the upstream sends, and what the client must get (but for the date).
const passed: [title: string, method: string, sent: string, got: string][] = [
  [
    "several set-cookie, exact length, hop-by-hop lines dropped",
    "GET",
    "HTTP/1.1 201 Made Up\r\nDate: now\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nContent-Length: 2\r\nX: y\r\n\r\nok",
    "HTTP/1.1 201 Made Up\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 2\r\nX: y\r\n\r\nok",
  ],
  [
    "chunks, framed anew without extensions and trailers",
    "GET",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  ],
  [
    "HEAD with a length and no body",
    "HEAD",
    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
  ],
  [
    "304 with the length it has",
    "GET",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: x\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: x\r\n\r\n",
  ],
  [
    "204 without a length",
    "GET",
    "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nX: y\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
  ],
  [
    "interim answers are swallowed",
    "GET",
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok("ok")}`,
    ok("ok"),
  ],
  [
    "an empty reason",
    "GET",
    "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
  ],
];

describe("A forwarded answer", () => {
  for (const [title, method, sent, got] of passed) {
    test(title, async () => {
      const up = upstream();
      const { connect, settled } = edge(up.origin);
      const client = await connect();
      // Whole, and then on the same connections byte by byte.
      client.send(`${method} /1 HTTP/1.1\r\nHost: a\r\n\r\n`);
      await eventually(() => up.requests.length === 1);
      up.requests[0]!.answer(sent);
      await eventually(() => settled.length === 1);
      client.send(`${method} /2 HTTP/1.1\r\nHost: a\r\n\r\n`);
      await eventually(() => up.requests.length === 2);
      for (const byte of sent) {
        up.requests[1]!.answer(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await eventually(() => settled.length === 2);
      // The pieces of the second may have become chunks of their own; its end is the same.
      await client.until(
        ({ text }) => text.endsWith(got.slice(-2)) && withoutDate(text).length >= 2 * got.length,
      );
      expect(withoutDate(client.text).slice(0, got.length)).toBe(got);
      expect(withoutDate(client.text).slice(got.length)).toStartWith(got.slice(0, got.indexOf("\r\n\r\n")));
      expect(up.connections).toBe(1);
      expect(up.origin.inFlight).toBe(0);
      client.leave();
    }, 30_000);
  }

  test("that ends with its connection is chunked for HTTP/1.1 and ends the connection for HTTP/1.0", async () => {
    const up = upstream();
    const { connect } = edge(up.origin);
    const modern = await connect();
    modern.send(getRequest("/"));
    const old = await connect();
    old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    await eventually(() => up.requests.length === 2);
    for (const request of up.requests) {
      request.answer("HTTP/1.0 200 OK\r\nX: y\r\n\r\nbody");
      request.end();
    }
    await modern.untilText("0\r\n\r\n");
    expect(withoutDate(modern.text)).toBe(
      "HTTP/1.1 200 OK\r\nX: y\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    );
    expect(withoutDate(await old.untilClosed())).toBe(
      "HTTP/1.1 200 OK\r\nX: y\r\nconnection: close\r\n\r\nbody",
    );
    modern.leave();
  }, 30_000);

  test("carries lines of our own in place of all others of their names", async () => {
    const up = upstream();
    const { connect } = edge(up.origin, {
      onHead(_exchange, head) {
        head.set("server", "routes'");
        head.set("x-a", "a");
        head.own("server: ours\r\n", new HeaderFilter(["server", "x-gone"]));
        expect(head.pairs()).toEqual([
          ["content-length", "2"],
          ["x-a", "a"],
          ["server", "ours"],
        ]);
      },
    });
    const client = await connect();
    client.send(getRequest("/"));
    await eventually(() => up.requests.length === 1);
    up.requests[0]!.answer(ok("ok", "Server: theirs\r\nX-Gone: g\r\n"));
    await client.untilText("\r\n\r\nok");
    expect(withoutDate(client.text)).toBe(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-a: a\r\nserver: ours\r\n\r\nok",
    );
    client.leave();
  }, 30_000);

  test("can be edited: status, headers set, appended, deleted; framing stays", async () => {
    const up = upstream();
    const seen: unknown[] = [];
    const { connect } = edge(up.origin, {
      dropAnswerHeaders: new HeaderFilter([], ["x-evenkeel-"]),
      onHead(_exchange, head) {
        seen.push(head.status, head.get("x-a"), head.getAll("set-cookie"), head.get("x-evenkeel-fault"));
        head.status = 404;
        head.set("x-a", "new");
        head.append("set-cookie", "c=3");
        head.delete("x-b");
        head.set("content-length", "1");
        seen.push(head.pairs());
      },
    });
    const client = await connect();
    client.send(getRequest("/"));
    await eventually(() => up.requests.length === 1);
    up.requests[0]!.answer(
      ok("ok", "X-A: old\r\nX-B: b\r\nX-Evenkeel-Fault: f\r\nSet-Cookie: a=1\r\nX-C: c\r\nDate: d\r\n"),
    );
    await client.untilText("\r\n\r\nok");
    expect(client.text).toBe(
      "HTTP/1.1 404 Not Found\r\nX-C: c\r\nDate: d\r\nContent-Length: 2\r\nx-a: new\r\nset-cookie: a=1\r\nset-cookie: c=3\r\n\r\nok",
    );
    const edited = [
      ["x-c", "c"],
      ["date", "d"],
      ["content-length", "2"],
      ["x-a", "new"],
      ["set-cookie", "a=1"],
      ["set-cookie", "c=3"],
    ];
    expect(seen).toEqual([200, "old", ["a=1"], "f", edited]);
    client.leave();
  }, 30_000);

  test("can be taken whole, up to a limit, and be watched while it streams", async () => {
    const up = upstream();
    const watched: string[] = [];
    const { connect, failures } = edge(up.origin, {
      onHead(exchange, head) {
        if (exchange.path === "/take") {
          head.take(5, (taker, body) => taker.respond(203, [], `taken ${body}`));
        } else {
          head.tee({
            onChunk: (chunk) => watched.push(Buffer.from(chunk).toString()),
            onEnd: (complete) => watched.push(complete ? "complete" : "broken"),
          });
        }
      },
    });
    const client = await connect();
    const ask = async (path: string) => {
      const index = up.requests.length;
      client.send(getRequest(path));
      await eventually(() => up.requests.length > index);
      return up.requests[index]!;
    };
    (await ask("/take")).answer(ok("small"));
    await client.untilText("taken small");
    (await ask("/take")).answer(ok("larger"));
    await client.untilText("<body_too_large>");
    (await ask("/tee")).answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    );
    await client.untilText("0\r\n\r\n");
    expect(watched).toEqual(["ab", "c", "complete"]);
    const broken = await ask("/tee");
    broken.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    await client.untilText("half");
    broken.end();
    await client.untilClosed();
    expect(watched.slice(3)).toEqual(["half", "broken"]);
    expect(failures.map(({ kind }) => kind)).toEqual(["body_too_large"]);
    expect(up.origin.inFlight).toBe(0);
  }, 30_000);
});
