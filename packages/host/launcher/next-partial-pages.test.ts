import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { preRenderContentType } from "@evenkeel/model";
import { request } from "./testing/raw-http.ts";
import { TestInstance } from "./testing/test-instance.ts";

setDefaultTimeout(60_000);
afterAll(() => TestInstance.stopAll());

/** Gives its pages to the call-back first, as Next.js does. */
const source = `
const answer = async (req, res, metadata) => {
  const postponed = req.url.startsWith("/partial") ? "ST\\u00c4TE" : undefined;
  const entry = {
    cacheControl: { revalidate: 60, expire: 300 },
    value: {
      kind: "APP_PAGE", status: 203, postponed, headers: { "x-next-cache-tags": "a,b" },
      html: { isDynamic: true, toUnchunkedString: async (stream) => stream ? "<html>shell" : "wrong" },
    },
  };
  delete req.headers.rsc;
  if (metadata && await metadata.onCacheEntryV2(entry)) return null;
  res.end("whole page");
};
module.exports = (req, res) => answer(req, res);
module.exports.getRequestHandlerWithMetadata = (metadata) => (req, res) => answer(req, res, metadata);
`;

test("a page with a postponed part is answered as state and shell, its data as the state alone, a whole page by itself", async () => {
  const instance = await TestInstance.start({
    files: { "___next_launcher.cjs": source },
    shouldAddHelpers: false,
  });
  const partial = await request(instance.socketPath, { path: "/partial" });
  expect(partial.status).toBe(203);
  expect(partial.text).toBe("STÄTE<html>shell");
  expect(partial.headers).toMatchObject({
    "content-type": preRenderContentType(6, "text/html; charset=utf-8"),
    "cache-control": "s-maxage=60, stale-while-revalidate=240",
    "x-next-cache-tags": "a,b",
  });
  const data = await request(instance.socketPath, { path: "/partial", headers: { rsc: "1" } });
  expect(data.text).toBe("STÄTE");
  expect(data.headers["content-type"]).toBe(preRenderContentType(6, "text/x-component"));
  expect((await request(instance.socketPath, { path: "/whole" })).text).toBe("whole page");
});
