import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { startHttpServer } from "../http/http-server.ts";
import { ImageService } from "./image-service.ts";
import { serveImage } from "./serve-image.ts";

const folder = mkdtempSync(join(tmpdir(), "ek-serve-image-"));
const png = await sharp({ create: { width: 90, height: 60, channels: 3, background: "#246" } })
  .png()
  .toBuffer();
const service = new ImageService({ cacheFolder: folder });
const server = startHttpServer({
  listen: { port: 0, hostname: "127.0.0.1" },
  handler: (exchange) =>
    serveImage(
      exchange,
      service,
      {
        query: exchange.query,
        config: { sizes: [64], domains: [], formats: ["image/webp"], contentDispositionType: "attachment" },
        scope: "output-1",
        fetchLocal: async () => ({ status: 200, header: () => undefined, body: png }),
      },
      {
        headers: [["x-frame-options", "DENY"]],
        importantHeaders: [],
        appendedHeaders: [],
        deletedHeaders: [],
      },
      [["x-vercel-id", "id-1"]],
    ),
});
afterAll(async () => {
  await server.stop(0);
  rmSync(folder, { recursive: true, force: true });
});

const get = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
const good = "/_next/image?url=%2Fpics%2Fa%20b.png&w=64&q=75";
const accept = { accept: "image/webp,*/*" };

test("an image is sent with its type, tag, name and safety headers, then from the cache", async () => {
  for (const cache of ["MISS", "HIT"]) {
    const response = await get(good, { headers: accept });
    expect(response.status).toBe(200);
    expect(response.headers.toJSON()).toMatchObject({
      "content-type": "image/webp",
      "cache-control": "public, max-age=0, must-revalidate",
      "content-disposition": 'attachment; filename="a_20b.webp"',
      "content-security-policy": "script-src 'none'; frame-src 'none'; sandbox;",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "x-vercel-cache": cache,
      "x-vercel-id": "id-1",
      vary: "accept",
    });
    const bytes = await response.bytes();
    expect(response.headers.get("content-length")).toBe(String(bytes.length));
    expect((await sharp(bytes).metadata()).format).toBe("webp");
  }
});

test("HEAD tells the length, a known tag gets 304", async () => {
  const whole = await get(good, { headers: accept });
  const head = await get(good, { method: "HEAD", headers: accept });
  expect(head.headers.get("content-length")).toBe(whole.headers.get("content-length"));
  const known = await get(good, { headers: { ...accept, "if-none-match": whole.headers.get("etag")! } });
  expect([known.status, known.headers.get("content-type")]).toEqual([304, null]);
});

test("what is not allowed is told with Vercel's code", async () => {
  const wide = await get("/_next/image?url=%2Fa.png&w=65&q=75");
  expect([wide.status, wide.headers.get("x-vercel-error")]).toEqual([400, "INVALID_IMAGE_OPTIMIZE_REQUEST"]);
  expect(await wide.text()).toContain('"w" parameter (width) of 65 is not allowed');
  const post = await get(good, { method: "POST" });
  expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});
