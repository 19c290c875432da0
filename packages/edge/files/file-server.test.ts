import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { FileHash, StaticFile, StoredFile } from "@evenkeel/model";
import { type HttpServer, startHttpServer } from "../http/http-server.ts";
import { until } from "../testing/until.ts";
import type { ServedFile } from "./file-headers.ts";
import { FileServer } from "./file-server.ts";

const folder = mkdtempSync(join(tmpdir(), "ek-files-"));
const filePath = (hash: string) => join(folder, hash);

function store(bytes: Uint8Array): StoredFile {
  const hash = createHash("sha256").update(bytes).digest("hex") as FileHash;
  writeFileSync(filePath(hash), bytes);
  return { hash, sizeBytes: bytes.length };
}

const noHeaders = { headers: [], importantHeaders: [], appendedHeaders: [], deletedHeaders: [] };
const serve = (key: string, file: StaticFile, more: Partial<ServedFile> = {}): ServedFile => ({
  key,
  file,
  ...noHeaders,
  ...more,
});

const text = Buffer.from("body of a small page. ".repeat(200));
const textFile: StaticFile = {
  ...store(text),
  contentType: "text/html; charset=utf-8",
  encodings: { br: store(brotliCompressSync(text)), gzip: store(gzipSync(text)) },
};
const large = randomBytes(3_000_001);
const largeFile: StaticFile = { ...store(large), contentType: "video/mp4" };
const small = randomBytes(1_000);
const smallFile: StaticFile = { ...store(small), contentType: "image/png" };
const routed: Partial<ServedFile> = {
  headers: [
    ["cache-control", "public, max-age=60"],
    ["vary", "rsc"],
  ],
  importantHeaders: [["x-matched-path", "/page"]],
  appendedHeaders: [
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ],
};

const served: Record<string, ServedFile> = {
  "/text": serve("docs/page.html", textFile),
  "/routed": serve("page", textFile, routed),
  "/missing": serve("404.html", textFile, { status: 404 }),
  "/large": serve("film.mp4", largeFile),
  "/small": serve('a "b"\\é.png', smallFile),
  "/empty": serve("empty.txt", { ...store(Buffer.alloc(0)), contentType: "text/plain" }),
};

let server: HttpServer;
const errors: unknown[] = [];
const files = new FileServer({ filePath });

beforeAll(() => {
  server = startHttpServer({
    listen: { port: 0, hostname: "127.0.0.1" },
    handler: (exchange) => {
      // A middleware makes a new resolution for each request; routing shares the others.
      const found = served[exchange.path]!;
      return files.serve(exchange, exchange.query === "fresh" ? { ...found } : found, [
        ["x-vercel-id", "id-1"],
      ]);
    },
    onError: (error) => errors.push(error),
  });
});
afterAll(async () => {
  await server.stop(0);
  rmSync(folder, { recursive: true, force: true });
});

async function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: { "accept-encoding": "identity", ...headers },
    decompress: false,
  } as RequestInit);
  return {
    status: response.status,
    headers: response.headers,
    body: Buffer.from(await response.arrayBuffer()),
  };
}

describe("a whole answer", () => {
  test.each(["/text", "/text?fresh"])("of %s has the headers that Vercel sends", async (path) => {
    for (let round = 0; round < 2; round++) {
      const { status, headers, body } = await get(path);
      expect(status).toBe(200);
      expect(body.equals(text)).toBe(true);
      expect(headers.toJSON()).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "content-length": String(text.length),
        "content-disposition": 'inline; filename="page.html"',
        "cache-control": "public, max-age=0, must-revalidate",
        "accept-ranges": "bytes",
        "access-control-allow-origin": "*",
        "x-vercel-cache": "HIT",
        "x-vercel-id": "id-1",
        etag: `"${textFile.hash.slice(0, 32)}"`,
        vary: "accept-encoding",
        age: "0",
      });
      expect(headers.get("date")).toMatch(/GMT$/);
      expect(headers.get("content-encoding")).toBeNull();
    }
  });

  test("comes in the coding the client wants, each with its own tag", async () => {
    const br = await get("/text", { "accept-encoding": "br, gzip" });
    const gzip = await get("/text", { "accept-encoding": "gzip" });
    expect(br.headers.get("content-encoding")).toBe("br");
    expect(br.body.equals(brotliCompressSync(text))).toBe(true);
    expect(gzip.body.equals(gzipSync(text))).toBe(true);
    expect(new Set([br, gzip, await get("/text")].map(({ headers }) => headers.get("etag"))).size).toBe(3);
  });

  test("carries what routes put on it", async () => {
    const { headers } = await get("/routed", { "accept-encoding": "br" });
    expect(headers.get("cache-control")).toBe("public, max-age=60");
    expect(headers.get("vary")).toBe("rsc, accept-encoding");
    expect(headers.get("x-matched-path")).toBe("/page");
    expect(headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  test("names a file in ASCII and in UTF-8", async () => {
    const { headers } = await get("/small");
    expect(headers.get("content-disposition")).toBe(
      `inline; filename="a \\"b\\"\\\\_.png"; filename*=UTF-8''a%20%22b%22%5C%C3%A9.png`,
    );
    expect(headers.get("vary")).toBeNull();
  });

  test.each(["/text", "/large", "/empty"])("to HEAD of %s has the length and no body", async (path) => {
    const { file } = served[path]!;
    const { status, headers, body } = await get(path, { range: "bytes=0-3" }, "HEAD");
    expect([status, headers.get("content-length"), body.length]).toEqual([200, String(file.sizeBytes), 0]);
  });

  test("of an error page keeps its status, whatever the method and the conditions", async () => {
    for (const method of ["GET", "POST"]) {
      const { status, headers, body } = await get(
        "/missing",
        { "if-none-match": "*", range: "bytes=0-1" },
        method,
      );
      expect([status, body.equals(text), headers.get("etag")]).toEqual([404, true, null]);
    }
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("to %s is 405", async (method) => {
    const { status, headers, body } = await get("/text", {}, method);
    expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect(body.toString()).toContain("INVALID_REQUEST_METHOD");
  });
});

describe.each(["/text", "/large"])("conditions on %s", (path) => {
  const etag = `"${served[path]!.file.hash.slice(0, 32)}"`;
  test("an unchanged file is 304 without a body or what describes one", async () => {
    for (const tags of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const { status, headers, body } = await get(path, { "if-none-match": tags });
      expect([status, body.length, headers.get("etag"), headers.get("content-type")]).toEqual([
        304,
        0,
        etag,
        null,
      ]);
      expect(headers.get("cache-control")).toBe("public, max-age=0, must-revalidate");
      expect(headers.get("x-vercel-id")).toBe("id-1");
    }
    expect((await get(path, { "if-none-match": '"x"' })).status).toBe(200);
    expect((await get(path, { "if-modified-since": new Date().toUTCString() })).status).toBe(200);
  });
  test("If-Match that fails is 412", async () => {
    expect((await get(path, { "if-match": '"x"' })).status).toBe(412);
    expect((await get(path, { "if-match": etag })).status).toBe(200);
  });
});

describe.each(["/small", "/large"])("ranges of %s", (path) => {
  const bytes = path === "/small" ? small : large;
  const size = bytes.length;

  test("any range gives just those bytes", async () => {
    let seed = 42;
    const next = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    for (let round = 0; round < 40; round++) {
      const start = next(size);
      const end = start + next(size - start);
      const { status, headers, body } = await get(path, { range: `bytes=${start}-${end}` });
      expect(status).toBe(206);
      expect(headers.get("content-range")).toBe(`bytes ${start}-${end}/${size}`);
      expect(body.equals(bytes.subarray(start, end + 1))).toBe(true);
    }
  });

  test("several ranges come as the parts of one answer", async () => {
    const { status, headers, body } = await get(path, { range: "bytes=0-9, -5, 100-199" });
    expect(status).toBe(206);
    const boundary = /^multipart\/byteranges; boundary=(.+)$/.exec(headers.get("content-type")!)![1];
    expect(headers.get("content-range")).toBeNull();
    const parts = body.toString("latin1").split(`--${boundary}`);
    expect([parts.length, parts.at(-1)]).toEqual([5, "--\r\n"]);
    const ranges = [
      [0, 9],
      [size - 5, size - 1],
      [100, 199],
    ] as const;
    for (const [index, [start, end]] of ranges.entries()) {
      const [head, content] = parts[index + 1]!.split(/\r\n\r\n([\s\S]*)/);
      expect(head).toContain(`content-range: bytes ${start}-${end}/${size}`);
      expect(content).toBe(`${bytes.toString("latin1", start, end + 1)}\r\n`);
    }
  });

  test("nothing of the file is 416, nonsense and too much is the whole file", async () => {
    const beyond = await get(path, { range: `bytes=${size}-` });
    expect([beyond.status, beyond.headers.get("content-range"), beyond.body.length]).toEqual([
      416,
      `bytes */${size}`,
      0,
    ]);
    for (const range of ["bytes=x", "lines=0-1", `bytes=0-${size},0-${size}`]) {
      expect((await get(path, { range })).body.equals(bytes)).toBe(true);
    }
  });

  test("If-Range lets a range through only for the very same bytes", async () => {
    const etag = `"${served[path]!.file.hash.slice(0, 32)}"`;
    expect((await get(path, { range: "bytes=0-3", "if-range": etag })).status).toBe(206);
    for (const other of [`W/${etag}`, '"x"', new Date().toUTCString()]) {
      expect((await get(path, { range: "bytes=0-3", "if-range": other })).status).toBe(200);
    }
  });
});

test("a file that is gone from the store is 500 and told, and other files go on", async () => {
  const gone = store(randomBytes(50));
  unlinkSync(filePath(gone.hash));
  served["/gone"] = serve("gone", { ...gone, contentType: "text/plain" });
  served["/gone-large"] = serve("gone", { ...gone, sizeBytes: 500_000, contentType: "text/plain" });
  for (const path of ["/gone", "/gone-large"]) {
    expect((await get(path)).status).toBe(500);
    expect(errors.pop()).toMatchObject({ code: "stored_file_unreadable", fault: "platform" });
  }
  expect((await get("/text")).status).toBe(200);
});

test("a client that leaves in the middle of a large file ends its reading", async () => {
  const before = server.connectionCount;
  const socket = connect(server.port, "127.0.0.1");
  socket.write("GET /large HTTP/1.1\r\nhost: x\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  await until(() => server.connectionCount > before);
  socket.destroy();
  await until(() => server.connectionCount <= before);
  const { body } = await get("/large");
  expect(body.equals(large)).toBe(true);
  expect(errors).toEqual([]);
});
