import { afterEach, beforeEach, expect, test } from "bun:test";
import { preRenderContentType } from "@evenkeel/model";
import { bodyOf, TestWorld } from "../testing/test-world.ts";

let world: TestWorld;
beforeEach(() => {
  world = new TestWorld();
});
afterEach(() => world.stop());

test("a shell is sent at once and its dynamic rest, resumed for this client, behind it", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: {
      page: async (request, response) => {
        const { headers, method } = request;
        response.end(
          `<p>${method} ${headers["next-resume"]} ${headers.cookie} ${await bodyOf(request)}</p></html>`,
        );
      },
    },
    prerenders: {
      page: {
        fallback: "STATE<html>shell",
        fallbackType: preRenderContentType(5, "text/html; charset=utf-8"),
        chain: { outputPath: "page", headers: { "next-resume": "1" } },
      },
    },
  });
  const answer = await world.get("shop.localhost", "/page", { headers: { cookie: "user=ann" } });
  expect(answer.text).toBe("<html>shell<p>POST 1 user=ann STATE</p></html>");
  expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(answer.headers["cache-control"]).toContain("private");
  expect(answer.headers["content-length"]).toBeUndefined();
}, 60_000);

test("a shell whose rest fails breaks off instead of looking complete", async () => {
  world.startEdge();
  await world.deploy({
    id: "aaaaaaaaa",
    functions: { page: (_request, response) => response.writeHead(500).end("error") },
    prerenders: {
      page: {
        fallback: "STATE<html>shell",
        fallbackType: preRenderContentType(5, "text/html"),
        chain: { outputPath: "page", headers: { "next-resume": "1" } },
      },
    },
  });
  await expect(world.get("shop.localhost", "/page")).rejects.toThrow();
}, 60_000);
