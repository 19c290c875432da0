import { extname } from "node:path";
import { contentType } from "mime-types";

/** Where Vercel's answer differs from the registry's, we answer as Vercel. */
const vercelTypes: Record<string, string> = {
  ".js": "application/javascript; charset=utf-8",
  ".mjs": "application/javascript; charset=utf-8",
  ".ico": "image/vnd.microsoft.icon",
};

/** By the file's extension; `application/octet-stream` for none or an unknown one. */
export function contentTypeOf(path: string): string {
  const extension = extname(path).toLowerCase();
  if (extension === "") return "application/octet-stream";
  return vercelTypes[extension] ?? (contentType(extension) || "application/octet-stream");
}
