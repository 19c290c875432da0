import type { FileHash, FunctionId, ImagesConfig, Prerender, Route, StaticFile } from "@evenkeel/model";
import { compileRouter } from "./compile-router.ts";
import type { Resolution } from "./resolution.ts";
import type { RoutedOutput, RoutedRequest } from "./router.ts";

export interface ExampleParts {
  routes?: Route[];
  files?: string[];
  functions?: string[];
  prerenders?: string[];
  images?: ImagesConfig;
  wildcard?: { domain: string; value: string }[];
  /** Its Procfile's processes. */
  processes?: Record<string, string>;
}

/** An output for tests: names of files, functions and prerenders (each prerender gets its function). */
export function exampleOutput(parts: ExampleParts): RoutedOutput {
  const { routes = [], files = [], functions = [], prerenders = [], images, wildcard, processes } = parts;
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
    ...(processes && { services: { processes } as RoutedOutput["services"] }),
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

/** Where a request to an output made of `parts` goes. */
export function resolveExample(
  parts: ExampleParts,
  line: string,
  headers?: Record<string, string>,
): Resolution {
  return compileRouter(exampleOutput(parts)).resolve(exampleRequest(line, headers));
}

/** One line that says where a request went. */
export function placeOf(resolution: Resolution): string {
  switch (resolution.kind) {
    case "file":
      return `file ${resolution.key}${resolution.status ? ` ${resolution.status}` : ""}`;
    case "function":
    case "prerender":
      return `${resolution.kind} ${resolution.key}${resolution.query && `?${resolution.query}`}${resolution.status ? ` ${resolution.status}` : ""}`;
    case "redirect":
      return `${resolution.status} ${resolution.location}`;
    case "proxy":
      return `proxy ${resolution.url}`;
    case "middleware":
      return `middleware ${resolution.key} ${resolution.path}`;
    case "web":
      return "web";
    case "image":
      return `image ${resolution.query}`;
    case "status":
      return `${resolution.status} ${resolution.code}`.trim();
  }
}

export const placeIn = (parts: ExampleParts, line: string, headers?: Record<string, string>): string =>
  placeOf(resolveExample(parts, line, headers));
