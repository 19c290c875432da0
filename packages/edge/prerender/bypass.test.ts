import { expect, test } from "bun:test";
import type { Prerender } from "@evenkeel/model";
import { bypassReason } from "./bypass.ts";

const prerender: Prerender = {
  expiration: false,
  passQuery: false,
  exposeErrBody: false,
  partialFallback: false,
  bypassToken: "secret-token",
  experimentalBypassFor: [
    { type: "header", key: "next-action" },
    { type: "header", key: "content-type", value: "multipart/form-data;.*" },
    { type: "query", key: "preview", value: "1" },
  ],
};
const request = (headers: Record<string, string>, query = "", method = "GET") => ({
  method,
  host: "shop.localhost",
  query,
  header: (name: string) => headers[name],
});

test("the output's token bypasses the cache as a cookie and makes the page anew as a header", () => {
  expect(bypassReason(request({}), prerender)).toBeUndefined();
  expect(bypassReason(request({ cookie: "a=b; __prerender_bypass=secret-token" }), prerender)).toBe("bypass");
  expect(bypassReason(request({ cookie: "__prerender_bypass=wrong" }), prerender)).toBeUndefined();
  expect(bypassReason(request({ "x-prerender-revalidate": "secret-token" }), prerender)).toBe("revalidate");
  expect(
    bypassReason(request({ "x-prerender-revalidate": "" }), { ...prerender, bypassToken: "" }),
  ).toBeUndefined();
});

test("rules match a header's presence or its whole value", () => {
  expect(bypassReason(request({ "next-action": "abc" }), prerender)).toBe("bypass");
  expect(bypassReason(request({ "content-type": "multipart/form-data; boundary=x" }), prerender)).toBe(
    "bypass",
  );
  expect(bypassReason(request({ "content-type": "text/plain" }), prerender)).toBeUndefined();
  expect(bypassReason(request({}, "preview=1"), prerender)).toBe("bypass");
  expect(bypassReason(request({}, "preview=11"), prerender)).toBeUndefined();
});

test("other methods than GET and HEAD always reach the function", () => {
  expect(bypassReason(request({}, "", "HEAD"), prerender)).toBeUndefined();
  for (const method of ["POST", "OPTIONS", "DELETE"])
    expect(bypassReason(request({}, "", method), prerender)).toBe("bypass");
});
