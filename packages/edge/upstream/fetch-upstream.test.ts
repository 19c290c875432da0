import { afterEach, expect, test } from "bun:test";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { localhostCertificate, localhostKey } from "../http/testing/localhost-certificate.ts";
import { eventually } from "../http/testing/raw-client.ts";
import { ExternalOrigins } from "./external-origins.ts";
import { fetchUpstream } from "./fetch-upstream.ts";
import { RawUpstream } from "./testing/raw-upstream.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

function upstream(): RawUpstream {
  const up = new RawUpstream();
  cleanUps.push(() => up.stop());
  return up;
}

const get = { method: "GET", target: "/", headers: [["host", "h"]] as [string, string][] };

test("A whole answer comes with its status, headers and body, and its connection is used again", async () => {
  const up = upstream();
  up.onRequest = (request) =>
    request.answer(
      "HTTP/1.1 203 X\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    );
  const first = await fetchUpstream(up.origin, {
    ...get,
    method: "POST",
    target: "/x?y",
    body: Buffer.from("body"),
  });
  expect({ ...first, body: first.body.toString() }).toEqual({
    status: 203,
    headers: [
      ["set-cookie", "a"],
      ["set-cookie", "b"],
    ],
    body: "abcde",
  });
  expect(up.requests[0]!.text).toBe("POST /x?y HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nbody");
  await fetchUpstream(up.origin, get);
  expect([up.connections, up.origin.inFlight]).toEqual([1, 0]);
});

test("What goes wrong is told by its kind", async () => {
  const up = upstream();
  up.onRequest = (request) => {
    const path = request.text.split(" ")[1];
    if (path === "/large") request.answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nlarger");
    else if (path === "/broken") request.answer("nonsense, and more of it\r\n\r\n");
    else if (path === "/half") {
      request.answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhal");
      request.end();
    }
  };
  const kindOf = (more: object) =>
    fetchUpstream(up.origin, { ...get, ...more }).then(String, (error) => error.kind);
  expect(await kindOf({ target: "/large", limitBytes: 5 })).toBe("body_too_large");
  expect(await kindOf({ target: "/broken" })).toBe("invalid_answer");
  expect(await kindOf({ target: "/half" })).toBe("closed");
  expect(await kindOf({ target: "/never", deadlineAtMs: performance.now() + 50 })).toBe("deadline");
  await eventually(() => up.requests.every((request) => request.left));
  expect(() => fetchUpstream(up.origin, { ...get, target: "/a b" })).toThrow("request line");
  expect(() => fetchUpstream(up.origin, { ...get, headers: [["x", "a\r\nb"]] })).toThrow("cannot be sent");
  expect(up.origin.inFlight).toBe(0);
}, 30_000);

test("An external host is reached by TLS with its name, and only with a certificate that is its own", async () => {
  const names: unknown[] = [];
  const server = createTlsServer({ cert: localhostCertificate, key: localhostKey }, (request, response) => {
    names.push((request.socket as unknown as { servername: string }).servername);
    response.end(`${request.method} ${request.url} ${request.headers.host}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const trusting = new ExternalOrigins(localhostCertificate);
  const usual = new ExternalOrigins();
  cleanUps.push(
    () => trusting.close(),
    () => usual.close(),
  );

  const origin = trusting.of(`https://localhost:${port}/ignored`);
  expect(trusting.of(new URL(`https://LOCALHOST:${port}`))).toBe(origin);
  const answer = await fetchUpstream(origin, {
    ...get,
    target: "/x",
    headers: [["host", `localhost:${port}`]],
  });
  expect(answer.body.toString()).toBe(`GET /x localhost:${port}`);
  expect(names).toEqual(["localhost"]);
  const refusedBy = (origins: ExternalOrigins, name: string) =>
    fetchUpstream(origins.of(`https://${name}:${port}`), get).then(String, (error) => error.kind);
  // Nobody we trust signed it.
  expect(await refusedBy(usual, "localhost")).toBe("connect");
  // It is another host's.
  expect(await refusedBy(trusting, "127.0.0.1")).toBe("connect");
  expect(names).toHaveLength(1);
  expect(() => trusting.of("ftp://localhost")).toThrow("not an http or https URL");
}, 30_000);
