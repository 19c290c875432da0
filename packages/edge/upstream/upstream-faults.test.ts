import { describe, expect, test } from "bun:test";
import { eventually } from "../http/testing/raw-client.ts";
import { getRequest } from "../http/testing/served.ts";
import { forward } from "./forward.ts";
import { UpstreamOrigin } from "./origin.ts";
import { forwardingOfTests, ok } from "./testing/forwarding-edge.ts";

const { upstream, edge } = forwardingOfTests();

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
