import { expect, test } from "bun:test";
import type { FileHash, Prerender, ServedDeployment } from "@evenkeel/model";
import { preRenderContentType } from "@evenkeel/model";
import { fallbackContent, readPageAnswer } from "./page-content.ts";
import type { PageIdentity } from "./page-identity.ts";

const prerender: Prerender = {
  expiration: 60,
  passQuery: false,
  exposeErrBody: false,
  partialFallback: false,
};
const answer = (status: number, headers: Record<string, string>, body = "page") => ({
  status,
  headers: Object.entries(headers) as [string, string][],
  body: Buffer.from(body),
});

test("a render's own lifetime and tags win over the output's, and reach no client", () => {
  const read = readPageAnswer(
    answer(200, {
      "cache-control": "s-maxage=10, stale-while-revalidate=20",
      "x-next-cache-tags": "a,_N_T_/page",
      "content-type": "text/html",
      "x-nextjs-stale-time": "300",
    }),
    prerender,
    1_000,
  );
  if (read.kind !== "page") throw new Error(read.kind);
  expect(read.content).toMatchObject({ staleMs: 11_000, expiresMs: 31_000, tags: ["a", "_N_T_/page"] });
  expect(Object.fromEntries(read.content.headers)).toEqual({
    "cache-control": "public, max-age=0, must-revalidate",
    "content-type": "text/html",
    "x-nextjs-stale-time": "300",
  });
});

test("a render that names no lifetime has the output's", () => {
  const read = readPageAnswer(answer(404, {}), prerender, 1_000);
  expect(read).toMatchObject({ kind: "page", content: { status: 404, staleMs: 61_000 } });
  const forever = readPageAnswer(answer(200, {}), { ...prerender, expiration: false }, 1_000);
  expect(forever).toMatchObject({ content: { staleMs: Number.POSITIVE_INFINITY } });
});

test("what is for one client is never a page for all", () => {
  expect(readPageAnswer(answer(200, { "cache-control": "private, no-store" }), prerender, 0).kind).toBe(
    "personal",
  );
  expect(readPageAnswer(answer(200, { "set-cookie": "a=b" }), prerender, 0).kind).toBe("personal");
  expect(readPageAnswer(answer(401, {}), prerender, 0).kind).toBe("personal");
  expect(readPageAnswer(answer(503, {}), prerender, 0).kind).toBe("failed");
});

test("a partly rendered page is parted into the state and the shell", () => {
  const read = readPageAnswer(
    answer(200, { "content-type": preRenderContentType(5, "text/html; charset=utf-8") }, "STATE<html>"),
    prerender,
    0,
  );
  if (read.kind !== "page") throw new Error(read.kind);
  expect(read.content.postponed?.toString()).toBe("STATE");
  expect(read.content.body.toString()).toBe("<html>");
  expect(read.content.headers).toContainEqual(["content-type", "text/html; charset=utf-8"]);
});

test("a fallback is the page itself, or stands in for one until that is rendered", () => {
  const built: Prerender = {
    ...prerender,
    fallback: { hash: "0".repeat(64) as FileHash, sizeBytes: 4, contentType: "text/html; charset=utf-8" },
    initialStatus: 203,
    initialHeaders: { "X-Own": "1", "x-next-cache-tags": "t" },
  };
  const deployment = { createdAtMs: 5_000 } as ServedDeployment;
  const page = (specific: boolean) => ({ specific }) as PageIdentity;
  const own = fallbackContent(built, Buffer.from("page"), page(false), deployment);
  expect(own).toMatchObject({ status: 203, createdMs: 5_000, staleMs: 65_000, tags: ["t"] });
  expect(own.headers).toContainEqual(["x-own", "1"]);
  expect(fallbackContent(built, Buffer.from("page"), page(true), deployment).staleMs).toBe(0);
});
