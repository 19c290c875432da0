import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";

const scripts = [
  "page.js",
  "client.js",
  "elements.js",
  "phones-view.js",
  "inbox-view.js",
  "billing-view.js",
  "logs-view.js",
  "faults-view.js",
];
const files: Record<string, { file: string; type: string }> = {
  "/": { file: "page.html", type: "text/html; charset=utf-8" },
  ...Object.fromEntries(
    scripts.map((file) => [`/${file}`, { file, type: "text/javascript; charset=utf-8" }]),
  ),
  "/page.css": { file: "page.css", type: "text/css; charset=utf-8" },
};

/** The page for people. It holds nothing: what it shows it asks for with a token. False where something else is asked. */
export function servePage(
  { url = "/", method, headers }: IncomingMessage,
  response: ServerResponse,
): boolean {
  const found = files[url];
  // Only at its own address, never at a provider's.
  if (!found || method !== "GET" || !/^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(headers.host ?? ""))
    return false;
  response.writeHead(200, {
    "content-type": found.type,
    "cache-control": "no-cache",
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  response.end(readFileSync(join(import.meta.dir, found.file)));
  return true;
}
