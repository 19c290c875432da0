import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isNextLauncher } from "./next-launcher.ts";

/** A function that holds more pages than this loads each at its first request, as a cold start waits for one of them only. */
const entryLimit = 4;

/**
 * Next.js's launcher loads a page on its first request (most of that request's 100 ms). A function with one page, as its builder
 * makes them, can have it loaded before it is ready, without any request being made up.
 */
export async function preloadNextEntries(handlerPath: string): Promise<void> {
  if (!isNextLauncher(handlerPath)) return;
  const distFolder = /relativeDistDir = "([^"]+)"/.exec(readFileSync(handlerPath, "utf8"))?.[1];
  if (distFolder === undefined) return;
  const entries = listEntries(join(dirname(handlerPath), distFolder, "server"));
  if (entries.length > entryLimit) return;
  const require = createRequire(handlerPath);
  for (const entry of entries) {
    try {
      await require(entry);
    } catch {
      // Not cached by Node: the first request loads it again and reports why it fails.
    }
  }
}

function listEntries(server: string): string[] {
  const middleware = join(server, "middleware.js");
  return [
    ...(existsSync(middleware) ? [middleware] : []),
    ...listFiles(join(server, "app"), /(?:^|\/)(?:page|route)\.js$/),
    ...listFiles(join(server, "pages"), /\.js$/),
  ];
}

function listFiles(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => pattern.test(path))
    .map((path) => join(folder, path));
}
