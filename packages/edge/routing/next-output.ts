import type { Route } from "@evenkeel/model";
import { exampleOutput } from "./example-output.ts";
import type { RoutedOutput } from "./router.ts";

const vary = "rsc, next-router-state-tree, next-router-prefetch, next-router-segment-prefetch";
const rsc = { type: "header", key: "rsc", value: "1" } as const;
const prefetchSegment = [
  rsc,
  { type: "header", key: "next-router-prefetch", value: "1" },
  { type: "header", key: "next-router-segment-prefetch", value: "/(?<segmentPath>.+)" },
] as const;
const suffix = "(?<rscSuffix>\\.rsc|\\.prefetch\\.rsc|\\.segments/.+\\.segment\\.rsc)";

/** Next.js has two routes for each page with parameters: one for its RSC forms, one for its HTML. */
function dynamicPage(page: string, group: string): Route[] {
  const src = page.replace(/\[.+?\]/, () => group);
  const query = /\?<(\w+)>/.exec(group)![1];
  return [
    {
      src: `^/${src}${suffix}(?:/)?$`,
      dest: `/${page}$rscSuffix?${query}=$${query}`,
      check: true,
      override: true,
    },
    { src: `^/${src}(?:/)?$`, dest: `/${page}?${query}=$${query}`, check: true, override: true },
  ];
}

/** For tests and measurements: the output of a Next.js 16 App Router app, as `vercel build` writes it, with a middleware if asked for. */
export function nextOutput(options: { middleware: boolean }): RoutedOutput {
  const middleware: Route = {
    src: "^(?:\\/(_next\\/data\\/[^/]{1,}))?(?:\\/((?!_next|favicon.ico).*))(\\.json)?[\\/#\\?]?$",
    middlewarePath: "/_middleware",
    middlewareRawSrc: ["/((?!_next|favicon.ico).*)"],
    missing: [{ type: "header", key: "x-prerender-revalidate", value: "previewModeId" }],
    continue: true,
    override: true,
  };
  const routes: Route[] = [
    {
      src: "^(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))/$",
      headers: { Location: "/$1" },
      status: 308,
      continue: true,
    },
    { src: "^(?:/old(?:/(?<rest>.*))?)(?:/)?$", headers: { Location: "/venues/$rest" }, status: 307 },
    { src: "^(?:/(.*))(?:/)?$", headers: { "x-frame-options": "DENY" }, continue: true },
    { src: "/_next/__private/trace", dest: "/404", status: 404, continue: true },
    {
      src: "/404/?",
      status: 404,
      continue: true,
      missing: [{ type: "header", key: "x-prerender-revalidate" }],
    },
    { src: "/500", status: 500, continue: true },
    ...(options.middleware ? [middleware] : []),
    {
      src: "^/(?<path>.+?)(?:/)?$",
      dest: "/$path.segments/$segmentPath.segment.rsc",
      has: [...prefetchSegment],
      continue: true,
      override: true,
    },
    {
      src: "^/?$",
      dest: "/index.segments/$segmentPath.segment.rsc",
      has: [...prefetchSegment],
      continue: true,
      override: true,
    },
    { src: "^/?", has: [rsc], dest: "/index.rsc", headers: { vary }, continue: true, override: true },
    {
      src: "^/((?!.+\\.rsc).+?)(?:/)?$",
      has: [rsc],
      dest: "/$1.rsc",
      headers: { vary },
      continue: true,
      override: true,
    },
    { handle: "filesystem" },
    { src: "/index(\\.action|\\.rsc)", dest: "/", continue: true },
    { src: "^/docs-alias/(?<slug>[^/]+?)(?:/)?$", dest: "/venues/$slug?via=alias", check: true },
    { src: "^/proxied/(?<rest>.*)$", dest: "https://upstream.example/$rest", check: true },
    { src: "^/\\.prefetch\\.rsc$", dest: "/__index.prefetch.rsc", check: true },
    { src: "^/(.+)/\\.prefetch\\.rsc$", dest: "/$1.prefetch.rsc", check: true },
    { src: "^/\\.rsc$", dest: "/index.rsc", check: true },
    { src: "^/(.+)/\\.rsc$", dest: "/$1.rsc", check: true },
    { handle: "resource" },
    { src: "/.*", status: 404 },
    { handle: "miss" },
    {
      src: "/_next/static/.+",
      status: 404,
      check: true,
      dest: "/_next/static/not-found.txt",
      headers: { "content-type": "text/plain; charset=utf-8" },
    },
    {
      src: "^/(?<path>.+)(?<rscSuffix>\\.segments/.+\\.segment\\.rsc)(?:/)?$",
      dest: "/$path.rsc",
      check: true,
    },
    { handle: "rewrite" },
    {
      src: "^/(?<path>.+)(?<rscSuffix>\\.segments/.+\\.segment\\.rsc)(?:/)?$",
      dest: "/$path.rsc",
      check: true,
      override: true,
    },
    ...dynamicPage("venues/[slug]", "(?<nxtPslug>[^/]+?)"),
    ...dynamicPage("venues/[slug]/menu", "(?<nxtPslug>[^/]+?)"),
    ...dynamicPage("api/items/[id]", "(?<nxtPid>[^/]+?)"),
    ...dynamicPage("shop/[...path]", "(?<nxtPpath>.+?)"),
    { handle: "hit" },
    {
      src: "/_next/static/(?:[^/]+/pages|pages|chunks|runtime|css|image|media|y1nqjd0)/.+",
      headers: { "cache-control": "public,max-age=31536000,immutable" },
      continue: true,
      important: true,
    },
    { src: "/(?:index)?(?:/)?$", headers: { "x-matched-path": "/" }, continue: true, important: true },
    { src: "/((?!index$).*?)(?:/)?$", headers: { "x-matched-path": "/$1" }, continue: true, important: true },
    { handle: "error" },
    { src: "/.*", dest: "/404", status: 404, headers: { "x-next-error-status": "404" } },
    { src: "/.*", dest: "/500", status: 500, headers: { "x-next-error-status": "500" } },
  ];
  return exampleOutput({
    routes,
    files: ["404", "500", "favicon.ico", "_next/static/chunks/main.js", "_next/static/not-found.txt"],
    functions: [
      "venues/[slug]/menu",
      "venues/[slug]/menu.rsc",
      "api/items/[id]",
      "api/items/[id].rsc",
      "shop/[...path]",
      "shop/[...path].rsc",
      ...(options.middleware ? ["_middleware"] : []),
    ],
    prerenders: [
      "index",
      "index.rsc",
      "index.segments/_tree.segment.rsc",
      "about",
      "about.rsc",
      "about.segments/_tree.segment.rsc",
      "venues/[slug]",
      "venues/[slug].rsc",
      "venues/one",
      "venues/one.rsc",
    ],
    images: { sizes: [640], domains: [] },
  });
}
