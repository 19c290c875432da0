import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImagesConfig } from "@evenkeel/model";
import sharp from "sharp";
import { until } from "../testing/until.ts";
import { fetchFromAddress } from "./address-fetch.ts";
import { exampleCertificate } from "./example-certificate.ts";
import { ImageService, type ImageServiceOptions } from "./image-service.ts";
import type { RemoteGuard, SourceAnswer } from "./image-sources.ts";

const config: ImagesConfig = {
  sizes: [64, 640],
  domains: ["images.example.test", "hop.example.test"],
  formats: ["image/webp"],
  minimumCacheTTL: 60,
};
const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 200, g: 60, b: 20 } } });
const jpeg = await picture(300, 200).jpeg().toBuffer();

/** Two frames, 1 × 1. */
const animatedGif = Buffer.from(
  "4749463839610100010080000000000000ffffff21ff0b4e45545343415045322e300301000000" +
    "21f90400000000002c000000000100010000020144003b".replace("3b", "") +
    "21f90400000000002c0000000001000100000201440" +
    "03b",
  "hex",
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ek-images-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const answerOf = (body: Uint8Array, status = 200, headers: Record<string, string> = {}): SourceAnswer => ({
  status,
  body,
  header: (name) => headers[name],
});

function setUp(options: Partial<ImageServiceOptions> = {}) {
  let nowMs = 1_000_000;
  const fetched: string[] = [];
  let source: () => SourceAnswer | Promise<SourceAnswer> = () => answerOf(jpeg);
  const service = new ImageService({ cacheFolder: folder, nowMs: () => nowMs, ...options });
  return {
    fetched,
    find: (url: string, accept = "image/webp", over: Partial<ImagesConfig> = {}, width = 64) =>
      service.find({
        query: `url=${encodeURIComponent(url)}&w=${width}&q=75`,
        accept,
        config: { ...config, ...over },
        scope: "output-1",
        fetchLocal: async (target) => {
          fetched.push(target);
          return source();
        },
      }),
    answer: (next: typeof source) => {
      source = next;
    },
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe("a local image", () => {
  test("is made smaller in the type the client takes, once", async () => {
    const { find, fetched } = setUp();
    const made = await find("/a.jpg?v=1");
    expect(made).toMatchObject({ cache: "MISS", image: { type: "image/webp", name: "a" } });
    expect(await sharp(made.image.bytes).metadata()).toMatchObject({ format: "webp", width: 64 });
    const again = await find("/a.jpg?v=1");
    expect(again.cache).toBe("HIT");
    expect(again.image.etag).toBe(made.image.etag);
    expect(Buffer.compare(Buffer.from(again.image.bytes), Buffer.from(made.image.bytes))).toBe(0);
    expect(fetched).toEqual(["/a.jpg?v=1"]);
  });

  test("keeps its own type for a client that names none, and is never enlarged", async () => {
    const { find } = setUp();
    const { image } = await find("/a.jpg", "*/*", {}, 640);
    expect(image.type).toBe("image/jpeg");
    expect(await sharp(image.bytes).metadata()).toMatchObject({ format: "jpeg", width: 300, height: 200 });
  });

  test("is worked on once, however many ask at the same time", async () => {
    const { find, fetched } = setUp();
    const found = await Promise.all(Array.from({ length: 20 }, () => find("/a.jpg")));
    expect(new Set(found.map(({ image }) => image.etag)).size).toBe(1);
    expect(fetched.length).toBe(1);
  });

  test("is served stale while it is made anew, and stays when that fails", async () => {
    const { find, fetched, answer, pass } = setUp();
    await find("/a.jpg");
    pass(61_000);
    answer(() => answerOf(Buffer.from("no image")));
    expect((await find("/a.jpg")).cache).toBe("STALE");
    await until(() => fetched.length === 2);
    expect((await find("/a.jpg")).cache).toBe("STALE");
    const blue = await picture(300, 200).negate().jpeg().toBuffer();
    answer(() => answerOf(blue));
    const old = (await find("/a.jpg")).image.etag;
    await until(async () => {
      pass(31_000);
      const { cache, image } = await find("/a.jpg");
      return cache === "HIT" && image.etag !== old;
    });
  });

  test("is kept as long as its source says, if that is longer", async () => {
    const { find, answer, pass } = setUp();
    answer(() => answerOf(jpeg, 200, { "cache-control": "public, max-age=10, s-maxage=3600" }));
    await find("/a.jpg");
    pass(3_590_000);
    expect((await find("/a.jpg")).cache).toBe("HIT");
    pass(20_000);
    expect((await find("/a.jpg")).cache).toBe("STALE");
    await until(async () => (await find("/a.jpg")).cache === "HIT");
  });

  test("that was cut on disk is made again", async () => {
    const { find, fetched } = setUp();
    await find("/a.jpg");
    const [file] = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const path = join(file!.parentPath, file!.name);
    truncateSync(path, statSync(path).size - 10);
    expect((await find("/a.jpg")).cache).toBe("MISS");
    expect(fetched.length).toBe(2);
  });

  test("that moves, and one that cannot be decoded, is sent as it is", async () => {
    const { find, answer } = setUp();
    answer(() => answerOf(animatedGif));
    expect((await find("/moves.gif")).image).toMatchObject({ type: "image/gif", bytes: animatedGif });
    const damaged = jpeg.subarray(0, 40);
    answer(() => answerOf(damaged));
    expect((await find("/damaged.jpg")).image).toMatchObject({ type: "image/jpeg", bytes: damaged });
  });

  test("that is an SVG needs dangerouslyAllowSVG, whatever comes before its first tag", async () => {
    const { find, answer } = setUp();
    const svg = Buffer.from(
      '\ufeff<?xml version="1.0"?>\n<!-- x --><!DOCTYPE svg>\n<svg xmlns="x"><script/></svg>',
    );
    answer(() => answerOf(svg));
    await expect(find("/a.svg")).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("type is not allowed"),
    });
    expect((await find("/a.svg", "", { dangerouslyAllowSVG: true })).image.type).toBe("image/svg+xml");
  });

  test.each([
    [() => answerOf(Buffer.from("<html>")), 400, "INVALID_IMAGE_OPTIMIZE_REQUEST"],
    [() => answerOf(jpeg, 404), 404, "RESOURCE_NOT_FOUND"],
    [() => answerOf(jpeg, 500), 502, "INTERNAL_OPTIMIZED_IMAGE_REQUEST_FAILED"],
    [() => Promise.reject(new Error("lost")), 502, "INTERNAL_OPTIMIZED_IMAGE_REQUEST_FAILED"],
  ])("%p becomes %d %s, and nothing is kept", async (source, status, clientCode) => {
    const { find, answer } = setUp();
    answer(source);
    await find("/a.jpg").then(
      () => expect.unreachable(),
      (error) => expect(error).toMatchObject({ status, clientCode }),
    );
    answer(() => answerOf(jpeg));
    expect((await find("/a.jpg")).cache).toBe("MISS");
  });
});

test("images over the budget leave, the one used longest ago first", async () => {
  const noise = (seed: number) =>
    sharp(Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, at) => (at * at * (seed + 7)) % 251)), {
      raw: { width: 64, height: 64, channels: 3 },
    })
      .png()
      .toBuffer();
  const { find, answer } = setUp({ cacheBytes: 40_000, nowMs: Date.now });
  for (let image = 0; image < 20; image++) {
    const bytes = await noise(image);
    answer(() => answerOf(bytes));
    await find(`/${image}.png`, "*/*");
  }
  const sizes = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(sizes.length).toBeGreaterThan(0);
  expect(total).toBeLessThanOrEqual(44_000 + Math.max(...sizes));
});

test("more than may wait are told to come again", async () => {
  const { find, answer } = setUp({ concurrency: 1, waitingLimit: 1 });
  const gate = Promise.withResolvers<void>();
  answer(async () => {
    await gate.promise;
    return answerOf(jpeg);
  });
  let refused = 0;
  const all = Array.from({ length: 5 }, (_, image) =>
    find(`/${image}.jpg`).catch((error) => {
      refused++;
      return error;
    }),
  );
  await until(() => refused === 3);
  gate.resolve();
  const outcomes = await Promise.all(all);
  expect(outcomes.filter(({ status }) => status === 503).length).toBe(3);
  expect(outcomes.filter(({ cache }) => cache === "MISS").length).toBe(2);
});

describe("a remote image", () => {
  const seen: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    reusePort: false,
    fetch(request) {
      const { pathname } = new URL(request.url);
      seen.push(`${request.headers.get("host")}${pathname}`);
      if (pathname === "/to-private") return Response.redirect("http://metadata.example.test/secret", 302);
      if (pathname === "/loop") return Response.redirect("/loop", 302);
      if (pathname === "/hop") return Response.redirect("/a.jpg", 307);
      if (pathname === "/denied") return new Response("", { status: 403 });
      if (pathname === "/gone") return new Response("", { status: 404 });
      if (pathname === "/huge") return new Response(new Uint8Array(2_000));
      return new Response(jpeg);
    },
  });
  const secure = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    reusePort: false,
    tls: { cert: exampleCertificate.cert, key: exampleCertificate.key },
    fetch: () => new Response(jpeg),
  });
  afterAll(async () => {
    await server.stop(true);
    await secure.stop(true);
  });
  const guard: RemoteGuard = {
    resolve: async (name) => (name === "metadata.example.test" ? ["169.254.169.254"] : ["127.0.0.1"]),
    isForbidden: (address) => address !== "127.0.0.1",
  };
  const at = (path: string) => `http://images.example.test:${server.port}${path}`;

  test("is fetched by its checked address under its own name, redirects included", async () => {
    const { find } = setUp({ guard });
    const { image } = await find(at("/hop"));
    expect(image).toMatchObject({ type: "image/webp", name: "hop" });
    expect(seen.slice(-2)).toEqual([
      `images.example.test:${server.port}/hop`,
      `images.example.test:${server.port}/a.jpg`,
    ]);
  });

  test.each([
    ["/to-private", 400, "INVALID_IMAGE_OPTIMIZE_REQUEST"],
    ["/loop", 502, "OPTIMIZED_EXTERNAL_IMAGE_TOO_MANY_REDIRECTS"],
    ["/denied", 502, "OPTIMIZED_EXTERNAL_IMAGE_REQUEST_UNAUTHORIZED"],
    ["/gone", 404, "RESOURCE_NOT_FOUND"],
  ])("%s becomes %d %s", async (path, status, clientCode) => {
    const failure = await setUp({ guard })
      .find(at(path))
      .catch((error) => error);
    expect(failure).toMatchObject({ status, clientCode });
    expect(seen.some((each) => each.startsWith("metadata"))).toBe(false);
  });

  test("of a private address is refused before any connection, by name or by number", async () => {
    const before = seen.length;
    const domains = ["127.0.0.1", "localhost", "[::1]", "2130706433"];
    for (const host of domains) {
      const failure = await setUp()
        .find(`http://${host}:${server.port}/a.jpg`, "", { domains: [...domains] })
        .catch((error) => error);
      expect(failure).toMatchObject({ status: 400 });
    }
    expect(seen.length).toBe(before);
  });

  test("is refused when one of several addresses is private", async () => {
    const both: RemoteGuard = {
      resolve: async () => ["127.0.0.1", "10.0.0.1"],
      isForbidden: guard.isForbidden,
    };
    await expect(setUp({ guard: both }).find(at("/a.jpg"))).rejects.toMatchObject({ status: 400 });
  });

  test("over the limit, or from a server that is not there, is an error", async () => {
    const { port } = server;
    expect(
      fetchFromAddress(new URL(`http://x:${port}/huge`), "127.0.0.1", { limitBytes: 1_000 }),
    ).rejects.toMatchObject({
      status: 400,
    });
    await expect(fetchFromAddress(new URL("http://x:1/"), "127.0.0.1")).rejects.toThrow();
  });

  test("over TLS comes only from a server that has the certificate for its name", async () => {
    const { cert: ca, name } = exampleCertificate;
    const right = await fetchFromAddress(new URL(`https://${name}:${secure.port}/`), "127.0.0.1", { ca });
    expect(right.status).toBe(200);
    expect(Buffer.from(right.body).equals(jpeg)).toBe(true);
    const other = new URL(`https://other.example.test:${secure.port}/`);
    await expect(fetchFromAddress(other, "127.0.0.1", { ca })).rejects.toThrow();
    await expect(fetchFromAddress(new URL(`https://${name}:${secure.port}/`), "127.0.0.1")).rejects.toThrow();
  });
});
