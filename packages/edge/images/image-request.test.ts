import { describe, expect, test } from "bun:test";
import type { ImagesConfig } from "@evenkeel/model";
import { parseImageRequest } from "./image-request.ts";

const config: ImagesConfig = {
  sizes: [640, 750],
  domains: ["cdn.example.com"],
  remotePatterns: [
    { protocol: "https", hostname: "^media\\.example\\.org$", pathname: "^/account/.*$" },
    { hostname: "loose\\.example", port: "8443", search: "?v=1" },
  ],
  localPatterns: [{ pathname: "^/img/.*$", search: "" }, { pathname: "^/any/.*$" }],
  qualities: [50, 75],
  formats: ["image/avif", "image/webp"],
};
const url = (text: string) => encodeURIComponent(text);
const parse = (query: string, accept?: string, over: Partial<ImagesConfig> = {}) =>
  parseImageRequest(query, accept, { ...config, ...over });

describe("is allowed", () => {
  test.each([
    "/img/a.png",
    "/any/a.png?x=1",
    "https://cdn.example.com/x/y.jpg?z#f",
    "http://cdn.example.com/y.jpg",
    "https://media.example.org/account/1.png",
    "http://loose.example:8443/a?v=1",
  ])("%s", (source) => {
    expect(parse(`url=${url(source)}&w=640&q=75`)).toMatchObject({ width: 640, quality: 75 });
  });
});

describe("is refused with 400", () => {
  test.each([
    ["w=640&q=75", '"url" parameter is required'],
    [`url=/img/a&url=/img/b&w=640&q=75`, '"url" parameter cannot be an array'],
    [`url=/img/${"x".repeat(3_100)}&w=640&q=75`, '"url" parameter is too long'],
    [`url=${url("//evil.example/a")}&w=640&q=75`, "cannot be a protocol-relative URL"],
    [`url=${url("/\\evil.example/a")}&w=640&q=75`, "cannot be a protocol-relative URL"],
    [`url=${url("/_next/image?url=/img/a&w=640&q=75")}&w=640&q=75`, "cannot be recursive"],
    [`url=${url("/_next%2Fimage?url=x")}&w=640&q=75`, "cannot be recursive"],
    [`url=${url("/other/a.png")}&w=640&q=75`, "is not allowed"],
    [`url=${url("/img/../other/a.png")}&w=640&q=75`, "is not allowed"],
    [`url=${url("/img/a.png?x=1")}&w=640&q=75`, "is not allowed"],
    [`url=${url("https://evil.example/a.png")}&w=640&q=75`, "is not allowed"],
    [`url=${url("https://media.example.org.evil.test/account/a")}&w=640&q=75`, "is not allowed"],
    [`url=${url("https://media.example.org/other/a")}&w=640&q=75`, "is not allowed"],
    [`url=${url("http://media.example.org/account/a")}&w=640&q=75`, "is not allowed"],
    [`url=${url("http://xloose.example:8443/a?v=1")}&w=640&q=75`, "is not allowed"],
    [`url=${url("http://loose.example/a?v=1")}&w=640&q=75`, "is not allowed"],
    [`url=${url("https://user:pw@cdn.example.com/a")}&w=640&q=75`, "is invalid"],
    [`url=${url("file:///etc/passwd")}&w=640&q=75`, "is invalid"],
    [`url=${url("not a url")}&w=640&q=75`, "is invalid"],
    ["url=/img/a&q=75", '"w" parameter (width) is required'],
    ["url=/img/a&w=641&q=75", '"w" parameter (width) of 641 is not allowed'],
    ["url=/img/a&w=-640&q=75", "must be an integer greater than 0"],
    ["url=/img/a&w=6e2&q=75", "must be an integer greater than 0"],
    ["url=/img/a&w=640&w=750&q=75", '"w" parameter (width) cannot be an array'],
    ["url=/img/a&w=640", '"q" parameter (quality) is required'],
    ["url=/img/a&w=640&q=0", "must be an integer between 1 and 100"],
    ["url=/img/a&w=640&q=101", "must be an integer between 1 and 100"],
    ["url=/img/a&w=640&q=80", '"q" parameter (quality) of 80 is not allowed'],
  ])("%s", (query, problem) => {
    expect(() => parse(query)).toThrow(
      expect.objectContaining({
        clientCode: "INVALID_IMAGE_OPTIMIZE_REQUEST",
        status: 400,
        message: expect.stringContaining(problem),
      }),
    );
  });
});

test("without localPatterns every path of the app is allowed, without qualities every quality", () => {
  const over = { localPatterns: undefined, qualities: undefined };
  expect(parse("url=/other/a.png?x=1&w=640&q=33", undefined, over)).toMatchObject({
    source: { local: "/other/a.png?x=1" },
    quality: 33,
  });
});

test.each([
  ["image/avif,image/webp,*/*", "image/avif"],
  ["image/avif;q=0.3,image/webp;q=0.9", "image/webp"],
  ["image/webp,*/*", "image/webp"],
  ["image/avif;q=0,image/png", undefined],
  ["image/*,*/*", undefined],
  [undefined, undefined],
] as const)("accept %p gets %p", (accept, type) => {
  expect(parse("url=/img/a&w=640&q=75", accept).type).toBe(type as never);
});
