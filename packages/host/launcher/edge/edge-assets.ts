import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join, sep } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Assignment } from "@evenkeel/model/link/instance-protocol";
import { define } from "./edge-globals.ts";

/**
 * `fetch(new URL("./font.ttf", import.meta.url))`: bundlers turn the URL into `blob:<asset's name>`, unbundled code keeps a `file:` URL.
 * Only files of the function itself are given.
 */
export function fetchAssets({ root, assets }: Pick<Assignment, "root" | "assets">): void {
  const fetchOverNetwork = globalThis.fetch;
  const paths = new Map(assets.map(({ name, path }) => [`blob:${name}`, join(root, path)]));
  const inside = pathToFileURL(root + sep).href;
  const pathOf = (url: string): string | undefined =>
    paths.get(url) ?? (url.startsWith(inside) ? fileURLToPath(url) : undefined);
  define("fetch", async function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const path = typeof input === "string" || input instanceof URL ? pathOf(String(input)) : undefined;
    return path === undefined ? fetchOverNetwork(input, init) : fileResponse(path);
  });
}

async function fileResponse(path: string): Promise<Response> {
  // Opened first: a missing asset must reject the fetch and not break off its body.
  const file = await open(path);
  return new Response(Readable.toWeb(createReadStream("", { fd: file })) as ReadableStream);
}
