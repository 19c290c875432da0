import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { eventually } from "./harness/http.ts";
import { TestPlatform } from "./harness/platform.ts";
import { writePrebuilt } from "./harness/prebuilt.ts";
import { WireConnection } from "./harness/wire-connection.ts";

const host = "wire.localhost";
const file = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 253));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
let platform: TestPlatform;

/**
 * Answers what it was asked, after `ms` of the query; `size` makes the answer longer, by the id's hash again and again. `/seen` tells every
 * id that came.
 */
const echo = `
  const { createHash } = require("node:crypto");
  const seen = [];
  module.exports = async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://wire");
    if (pathname === "/seen") return response.end(JSON.stringify(seen));
    const id = request.headers["x-id"] ?? "none";
    seen.push(id + " " + request.method + " " + request.url);
    const hash = createHash("sha256");
    for await (const chunk of request) hash.update(chunk);
    await new Promise((resolve) => setTimeout(resolve, Number(searchParams.get("ms") ?? 0)));
    const text = request.method + " " + request.url + " " + id + " " + hash.digest("hex");
    const tail = createHash("sha256").update(id).digest("hex").repeat(Number(searchParams.get("size") ?? 0));
    response.setHeader("x-id", id);
    if (searchParams.has("length")) response.setHeader("content-length", text.length + tail.length);
    if (request.method === "HEAD") return response.end();
    response.write(text);
    response.end(tail);
  };`;

const echoed = (method: string, target: string, id: string, body: Uint8Array = new Uint8Array(0), size = 0) =>
  `${method} ${target} ${id} ${sha256(body)}${sha256(Buffer.from(id)).repeat(size)}`;

beforeAll(async () => {
  platform = await TestPlatform.start("--edges", "2");
  const folder = writePrebuilt(platform.sourceFolder("wire"), {
    functions: { index: echo },
    files: { "file.bin": file },
  });
  // One instance, so that it has seen all there was.
  expect((await platform.api("PUT", "/apps/wire")).status).toBe(200);
  expect((await platform.api("PATCH", "/apps/wire", { maxInstances: 1 })).status).toBe(200);
  await platform.deploy(folder, "--prebuilt", "--app", "wire", "--prod");
}, 120_000);
afterAll(() => platform?.stop(), 60_000);

const open = () => WireConnection.open(platform.port);
const head = (method: string, target: string, ...lines: string[]) =>
  [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...lines, "", ""].join("\r\n");
const seenIds = async () => (await platform.get(host, "/seen")).json() as string[];

const smuggled = head("GET", "/smuggled", "X-Id: smuggled");
const own = `Host: ${host}`;
const chunkedSmuggling = `0\r\n\r\n${smuggled}`;

describe("what could be read in two ways is refused, and nothing behind it reaches the app", () => {
  test.each<[string, number, string]>([
    ["two Hosts", 400, `GET / HTTP/1.1\r\n${own}\r\nHost: other.localhost\r\n\r\n`],
    ["no Host", 400, "GET / HTTP/1.1\r\n\r\n"],
    ["a Host with a path", 400, "GET / HTTP/1.1\r\nHost: wire.localhost/x@other\r\n\r\n"],
    [
      "an absolute target that differs from Host",
      400,
      `GET http://other.localhost/ HTTP/1.1\r\n${own}\r\n\r\n`,
    ],
    ["identity, chunked", 400, head("POST", "/", "Transfer-Encoding: identity, chunked") + chunkedSmuggling],
    [
      "both lengths",
      400,
      head("POST", "/", `Content-Length: ${chunkedSmuggling.length}`, "Transfer-Encoding: chunked") +
        chunkedSmuggling,
    ],
    ["two lengths", 400, `${head("POST", "/", "Content-Length: 3", "Content-Length: 0")}abc`],
    [
      "a chunk size that wraps round",
      400,
      `${head("POST", "/", "Transfer-Encoding: chunked")}10000000000000003\r\nabc\r\n`,
    ],
    ["a bare line feed", 400, `GET / HTTP/1.1\r\n${own}\nX-Id: smuggled\r\n\r\n`],
    ["a folded header", 400, head("GET", "/", "X-A: b", " c")],
    ["a blank before the colon", 400, head("POST", "/", "Content-Length : 3")],
    ["300 headers", 431, head("GET", "/", ...Array.from({ length: 300 }, (_, index) => `X-${index}: 1`))],
    ["a header of 100 KB", 431, head("GET", "/", `X-A: ${"a".repeat(100_000)}`)],
    ["a target of 20 KB", 414, head("GET", `/${"a".repeat(20_000)}`)],
    ["TRACE", 501, head("TRACE", "/")],
    ["CONNECT", 405, "CONNECT wire.localhost:443 HTTP/1.1\r\nHost: wire.localhost:443\r\n\r\n"],
  ])(
    "%s: %i",
    async (_what, status, bytes) => {
      const connection = await open();
      connection.send(bytes, smuggled);
      const answer = await connection.answer();
      expect([answer.status, answer.headers["connection"]]).toEqual([status, "close"]);
      expect((await connection.rest()).toString()).toBe("");
      expect((await seenIds()).filter((line) => line.includes("smuggled"))).toEqual([]);
    },
    30_000,
  );

  test("a client cannot speak for the edge", async () => {
    const connection = await open();
    connection.send(
      head("GET", "/", "X-Id: spoof", "Connection: x-id", "X-Evenkeel-Fault: x", "Proxy: http://evil"),
    );
    const answer = await connection.answer();
    expect(answer.status).toBe(200);
    // Named by Connection, so it was for the edge alone.
    expect(answer.headers["x-id"]).toBe("none");
    connection.leave();
  });
});

describe("order and exactness", () => {
  test("pipelined requests are answered in their order, whoever is quicker", async () => {
    const connection = await open();
    const wanted: { head?: boolean; check: (body: Buffer, headers: Record<string, string>) => void }[] = [];
    let bytes = "";
    for (let number = 0; number < 40; number++) {
      const id = `pipe-${number}`;
      const target = `/p?ms=${(number * 37) % 90}&n=${number}`;
      if (number % 5 === 4) {
        bytes += head("GET", "/file.bin", `Range: bytes=${number}-${number + 9}`);
        wanted.push({ check: (body) => expect(body.equals(file.subarray(number, number + 10))).toBe(true) });
      } else if (number % 7 === 3) {
        bytes += head("HEAD", target, `X-Id: ${id}`);
        wanted.push({ head: true, check: (_body, headers) => expect(headers["x-id"]).toBe(id) });
      } else if (number % 2 === 0) {
        bytes += head("GET", target, `X-Id: ${id}`);
        wanted.push({ check: (body) => expect(body.toString()).toBe(echoed("GET", target, id)) });
      } else {
        const sent = `body of ${number}`;
        bytes += `${head("POST", target, `X-Id: ${id}`, `Content-Length: ${sent.length}`)}${sent}`;
        wanted.push({
          check: (body) => expect(body.toString()).toBe(echoed("POST", target, id, Buffer.from(sent))),
        });
      }
    }
    connection.send(bytes);
    for (const { head: isHead, check } of wanted) {
      const answer = await connection.answer({ head: isHead === true });
      expect(answer.status).toBeLessThan(300);
      check(answer.body, answer.headers);
    }
    connection.leave();
  }, 60_000);

  test("HEAD has the headers of GET and no body, from function, file and the platform itself", async () => {
    const connection = await open();
    connection.send(head("GET", "/file.bin"), head("HEAD", "/file.bin"));
    const got = await connection.answer();
    const asked = await connection.answer({ head: true });
    for (const name of ["content-length", "content-type", "etag", "cache-control", "accept-ranges"]) {
      expect([name, asked.headers[name]]).toEqual([name, got.headers[name]!]);
    }
    connection.send(head("HEAD", "/x?length=1", "X-Id: head"));
    const { headers } = await connection.answer({ head: true });
    expect(headers["content-length"]).toBe(String(echoed("HEAD", "/x?length=1", "head").length));
    connection.send("HEAD / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n", head("GET", "/", "X-Id: after"));
    expect((await connection.answer({ head: true })).status).toBe(404);
    expect((await connection.answer()).headers["x-id"]).toBe("after");
    connection.leave();
  }, 30_000);

  test("a client that waits for 100 Continue is told to go on", async () => {
    const connection = await open();
    connection.send(head("POST", "/", "X-Id: patient", "Content-Length: 5", "Expect: 100-continue"));
    await connection.receiveText("HTTP/1.1 100 Continue\r\n\r\n");
    connection.send("hello");
    expect((await connection.answer()).body.toString()).toBe(
      echoed("POST", "/", "patient", Buffer.from("hello")),
    );
    connection.leave();
  }, 30_000);

  test("HTTP/1.0 is answered and closed, or kept where it asks for that", async () => {
    const connection = await open();
    connection.send(`GET /x?size=2 HTTP/1.0\r\n${own}\r\nX-Id: old\r\n\r\n`);
    const answer = await connection.answer();
    expect(answer.headers["transfer-encoding"]).toBeUndefined();
    expect(answer.body.toString()).toBe(echoed("GET", "/x?size=2", "old", undefined, 2));
    expect(connection.ended).toBe(true);
  }, 30_000);
});

test("clients that send their heads slowly hold up nobody, and are sent away", async () => {
  const slow = await Promise.all(Array.from({ length: 200 }, open));
  for (const [index, connection] of slow.entries()) connection.send(`GET /slow-${index} HTTP/1.1\r\nHos`);
  let trickling = true;
  const trickle = (async () => {
    while (trickling) {
      for (const connection of slow) connection.send("t");
      await Bun.sleep(500);
    }
  })();
  for (let round = 0; round < 50; round++) {
    const id = `beside-${round}`;
    expect((await platform.get(host, "/", { "x-id": id })).text()).toBe(echoed("GET", "/", id));
  }
  await eventually(
    () => slow.filter((connection) => !connection.ended).length,
    (left) => left === 0,
    60_000,
  );
  trickling = false;
  await trickle;
  const answers = await Promise.all(slow.map((connection) => connection.rest()));
  for (const answer of answers) expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 |^$/);
  expect((await seenIds()).filter((line) => line.includes("/slow-"))).toEqual([]);
}, 120_000);

test("under a random mix, with clients who leave at any point, every body belongs to its request", async () => {
  const wrong: string[] = [];
  let answered = 0;
  let left = 0;
  const client = async (name: number) => {
    let connection = await open();
    for (let number = 0; number < 40; number++) {
      const id = `mix-${name}-${number}`;
      const leaves = Math.random() < 0.2;
      const kind = Math.floor(Math.random() * 4);
      const size = Math.floor(Math.random() * 3) ** 6;
      const target = `/m?ms=${Math.floor(Math.random() * 20)}&size=${size}`;
      const body = kind === 0 ? randomBytes(Math.floor(Math.random() * 300_000)) : Buffer.alloc(0);
      let wanted = echoed(kind === 0 || kind === 1 ? "POST" : "GET", target, id, body, size);
      if (connection.ended) connection = await open();
      if (kind === 0) {
        connection.send(head("POST", target, `X-Id: ${id}`, `Content-Length: ${body.length}`));
        connection.send(leaves ? body.subarray(0, body.length / 2) : body);
      } else if (kind === 1) {
        const parts = Array.from({ length: 5 }, () => randomBytes(1 + Math.floor(Math.random() * 20_000)));
        wanted = echoed("POST", target, id, Buffer.concat(parts), size);
        connection.send(head("POST", target, `X-Id: ${id}`, "Transfer-Encoding: chunked"));
        for (const part of parts) connection.send(`${part.length.toString(16)}\r\n`, part, "\r\n");
        if (!leaves) connection.send("0\r\n\r\n");
      } else if (kind === 2) connection.send(head("GET", target, `X-Id: ${id}`));
      else {
        const from = Math.floor(Math.random() * 50_000);
        connection.send(head("GET", "/file.bin", `Range: bytes=${from}-${from + 9_999}`));
        wanted = file.subarray(from, from + 10_000).toString("latin1");
      }
      if (leaves) {
        await Bun.sleep(Math.random() * 30);
        connection.leave();
        left++;
        continue;
      }
      try {
        const answer = await connection.answer();
        if (answer.status >= 300) wrong.push(`${id} ${target}: ${answer.status} ${answer.body.toString()}`);
        else if (answer.body.toString("latin1") !== wanted) wrong.push(`${id} ${target}: another's body`);
        else answered++;
      } catch (error) {
        wrong.push(`${id} ${target}: ${(error as Error).message}`);
      }
    }
    connection.leave();
  };
  await Promise.all(Array.from({ length: 24 }, (_, name) => client(name)));
  expect(wrong).toEqual([]);
  expect(left).toBeGreaterThan(50);
  expect(answered).toBe(24 * 40 - left);
  // Each request came once, those of clients who left included.
  const ids = (await seenIds()).map((line) => line.split(" ")[0]!).filter((id) => id.startsWith("mix-"));
  expect(new Set(ids).size).toBe(ids.length);
}, 120_000);
