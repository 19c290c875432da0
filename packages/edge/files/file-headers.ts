import type { StaticFile } from "@evenkeel/model";
import type { HeaderPairs } from "../http/exchange.ts";
import { answerHeaders } from "../routing/answer-headers.ts";
import type { FileResolution } from "../routing/resolution.ts";
import type { Variant } from "./accepted-coding.ts";

/** What `FileServer.serve` needs to know; every `FileResolution` has it. */
export type ServedFile = Pick<
  FileResolution,
  | "key"
  | "file"
  | "status"
  | "headers"
  | "importantHeaders"
  | "appendedHeaders"
  | "deletedHeaders"
  | "headerTests"
>;

/** Describe a body, so they do not belong to an answer without one. */
const bodyHeaders = new Set(["content-type", "content-encoding", "content-disposition", "accept-ranges"]);

/** Strong: the bytes' own hash, so each coding has another. */
export const entityTagOf = ({ stored }: Variant): string => `"${stored.hash.slice(0, 32)}"`;

/** The head of a whole answer, as Vercel sends static files: https://vercel.com/docs/headers/response-headers. */
export function fileHeaders(served: ServedFile, variant: Variant): [name: string, value: string][] {
  const { file, key, status } = served;
  const own: [string, string][] = [
    ["content-type", file.contentType],
    ["content-disposition", contentDisposition(key)],
    ["cache-control", "public, max-age=0, must-revalidate"],
    ["accept-ranges", "bytes"],
    ["access-control-allow-origin", "*"],
    ["x-vercel-cache", "HIT"],
    ["age", "0"],
  ];
  // Only what is answered with 200 can be asked for again by its tag.
  if (status === undefined || status === 200) own.push(["etag", entityTagOf(variant)]);
  if (variant.coding) own.push(["content-encoding", variant.coding]);
  const headers = answerHeaders(own, served, false);
  return hasVariants(file) ? withVary(headers) : headers;
}

/** Of a whole answer's headers, those that a 304 repeats (RFC 9110, 15.4.5). */
export const headersWithoutBody = (headers: HeaderPairs): HeaderPairs =>
  headers.filter(([name]) => !bodyHeaders.has(name));

const hasVariants = (file: StaticFile): boolean => Object.keys(file.encodings ?? {}).length > 0;

/** Adds `accept-encoding` to whatever routes made the answer vary by. */
function withVary(headers: [string, string][]): [string, string][] {
  const present = headers.filter(([name]) => name === "vary").map(([, value]) => value);
  if (present.some((value) => value.trim() === "*" || /(?:^|,)\s*accept-encoding\s*(?:,|$)/i.test(value))) {
    return headers;
  }
  return [
    ...headers.filter(([name]) => name !== "vary"),
    ["vary", [...present, "accept-encoding"].join(", ")],
  ];
}

/** RFC 6266: the file's own name; what ASCII cannot hold comes in UTF-8 beside it. */
function contentDisposition(key: string): string {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const plain = name.replace(/[^\x20-\x7e]/g, "_").replace(/["\\]/g, "\\$&");
  const extended = /[^\x20-\x7e]/.test(name) ? `; filename*=UTF-8''${encodeExtended(name)}` : "";
  return `inline; filename="${plain}"${extended}`;
}

/** RFC 8187, 3.2.1. */
const encodeExtended = (name: string): string =>
  encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
