import { afterEach, describe, expect, test } from "bun:test";
import { HeaderFilter } from "../http/header-filter.ts";
import { eventually, RawClient } from "../http/testing/raw-client.ts";
import { getRequest, serversOfTests, withoutDate } from "../http/testing/served.ts";
import { forward } from "./forward.ts";
import type { ForwardHandler, ForwardOptions, UpstreamFailure } from "./forward-options.ts";
import { UpstreamOrigin } from "./origin.ts";
import { RawUpstream } from "./testing/raw-upstream.ts";

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

const ok = (body: string, lines = "") =>
  `HTTP/1.1 200 OK\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;

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

const invalid: [title: string, answer: string][] = [
  ["that is not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
  ["with a folded header line", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"],
  [
    "with both lengths",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  ["with two Content-Lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"],
  ["with an unknown transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
  [
    "that switches protocols unasked",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
  ],
  ["with a head of 200 KB", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(200_000)}\r\n\r\n`],
];

describe("An upstream's fault", () => {
  for (const [title, answer] of invalid) {
    test(`an answer ${title} is a 502`, async () => {
      const up = upstream();
      const { connect, failures } = edge(up.origin);
      const client = await connect();
      client.send(getRequest("/"));
      await eventually(() => up.requests.length === 1);
      up.requests[0]!.answer(answer);
      await client.untilText("<invalid_answer>");
      expect(failures).toHaveLength(1);
      expect(up.origin.idleConnections).toBe(0);
      client.leave();
    }, 30_000);
  }

  test("nobody listens: 502, and it may be tried elsewhere, a POST too", async () => {
    const second = upstream();
    const { connect, failures, settled } = edge(
      new UpstreamOrigin({ unix: "/nonexistent.sock" }, { name: "gone" }),
      {
        onFailure(exchange) {
          const handler = { onHead() {}, onFailure() {} };
          if (exchange.path === "/again") forward(exchange, second.origin, { handler });
          else exchange.respond(502, [], "<502>");
        },
      },
    );
    const client = await connect();
    await client.send(getRequest("/")).untilText("<502>");
    client.send("POST /again HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    await eventually(() => second.requests[0]?.text.endsWith("abc") === true);
    second.requests[0]!.answer(ok("second"));
    await client.untilText("second");
    expect(failures.map(({ kind, mayRetry }) => [kind, mayRetry])).toEqual([
      ["connect", true],
      ["connect", true],
    ]);
    expect(settled).toEqual(["/", "/again"]);
    client.leave();
  }, 30_000);

  test("before the head is a 502; within the body it cuts the client off, so that nobody takes half for whole", async () => {
    for (const framing of ["Content-Length: 100", "Transfer-Encoding: chunked"]) {
      const up = upstream();
      const { connect, failures } = edge(up.origin);
      const client = await connect();
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
      await eventually(() => up.requests[0]?.text.endsWith("x") === true);
      up.requests[0]!.answer("HTTP/1.1 200 OK\r\nX-Half");
      up.requests[0]!.end();
      await client.untilText("<closed>");
      expect(failures[0]!.mayRetry).toBe(false);
      client.send(getRequest("/2"));
      await eventually(() => up.requests.length === 2);
      up.requests[1]!.answer(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n5\r\nhello\r\n`);
      await client.untilText("hello");
      up.requests[1]!.end();
      expect(await client.untilClosed()).not.toContain("0\r\n\r\n");
      expect(failures).toHaveLength(1);
    }
  }, 30_000);

  test("a head or an end that does not come in time is told; within the body the client is cut off", async () => {
    const up = upstream();
    const { connect, given, failures } = edge(up.origin);
    const client = await connect();
    for (const deadline of ["headDeadlineAtMs", "deadlineAtMs"] as const) {
      client.send(getRequest("/"));
      await eventually(() => up.requests.length === given.length && given.length === failures.length + 1);
      given.at(-1)![deadline] = performance.now();
      await client.untilText(deadline === "deadlineAtMs" ? "<deadline>" : "<head_deadline>");
    }
    client.send(getRequest("/"));
    await eventually(() => up.requests.length === 3);
    up.requests[2]!.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    await client.untilText("half");
    // It has begun to answer: only the deadline for the whole still counts.
    given[2]!.headDeadlineAtMs = performance.now();
    given[2]!.deadlineAtMs = performance.now() + 600;
    await client.untilClosed();
    await eventually(() => up.requests.every((request) => request.left));
    expect(failures).toHaveLength(2);
    expect(up.origin.inFlight).toBe(0);
  }, 60_000);

  test("an answer before the upload's end reaches the client", async () => {
    const up = upstream();
    const { connect } = edge(up.origin);
    const client = await connect();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n${"x".repeat(1_000)}`);
    await eventually(() => up.requests.length === 1);
    up.requests[0]!.answer(
      "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig",
    );
    await client.untilText("big");
    await eventually(() => up.requests[0]!.left);
    client.leave();
  }, 30_000);
});

describe("A client that leaves", () => {
  for (const begun of [false, true]) {
    test(`${begun ? "within" : "before"} the answer: the upstream's connection is closed`, async () => {
      const up = upstream();
      const { connect, failures, settled } = edge(up.origin);
      const client = await connect();
      client.send(getRequest("/"));
      await eventually(() => up.requests.length === 1);
      if (begun) {
        up.requests[0]!.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
        await client.untilText("ab");
      }
      client.leave();
      await eventually(() => up.requests[0]!.left);
      expect([failures, settled, up.origin.inFlight]).toEqual([[], ["/"], 0]);
    }, 30_000);
  }

  test("within its upload: the upstream's connection is closed, so that half a body is not taken for a whole", async () => {
    const up = upstream();
    const { connect } = edge(up.origin);
    const client = await connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    await eventually(() => up.requests[0]?.text.endsWith("abc\r\n") === true);
    client.leave();
    await eventually(() => up.requests[0]!.left);
    expect(up.requests[0]!.text).not.toContain("0\r\n\r\n");
  }, 30_000);
});
