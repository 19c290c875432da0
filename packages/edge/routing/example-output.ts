import type { FileHash, FunctionId, ImagesConfig, Prerender, Route, StaticFile } from "@evenkeel/model";
import type { RoutedOutput, RoutedRequest } from "./router.ts";

/** An output for tests: names of files, functions and prerenders (each prerender gets its function). */
export function exampleOutput(parts: {
  routes?: Route[];
  files?: string[];
  functions?: string[];
  prerenders?: string[];
  images?: ImagesConfig;
  wildcard?: { domain: string; value: string }[];
}): RoutedOutput {
  const { routes = [], files = [], functions = [], prerenders = [], images, wildcard } = parts;
  const file = (key: string): StaticFile => ({
    hash: key.padEnd(64, "0").slice(0, 64) as FileHash,
    sizeBytes: 1,
    contentType: "text/plain; charset=utf-8",
  });
  const prerender: Prerender = {
    expiration: 60,
    passQuery: false,
    exposeErrBody: false,
    partialFallback: false,
  };
  return {
    routes,
    files: Object.fromEntries(files.map((key) => [key, file(key)])),
    functions: Object.fromEntries(
      [...functions, ...prerenders].map((key) => [key, `fn:${key}` as FunctionId]),
    ),
    prerenders: Object.fromEntries(prerenders.map((key) => [key, prerender])),
    ...(images && { images }),
    ...(wildcard && { wildcard }),
  };
}

/** A request for tests: `GET /path?query`, or a path alone; header names in lower case. */
export function exampleRequest(line: string, headers: Record<string, string> = {}): RoutedRequest {
  const [target, method = "GET"] = line.split(" ").reverse();
  const [path, query] = target!.split(/\?(.*)/s);
  const hostPort = headers["host"] ?? "shop.localhost:7080";
  return {
    method,
    host: hostPort.replace(/:\d+$/, ""),
    hostPort,
    path: path!,
    query: query ?? "",
    header: (name) => headers[name],
    headers: () => Object.entries(headers),
  };
}
