import { ServerResponse } from "node:http";
import { format as formatContentType, parse as parseContentType } from "content-type";
import createEtag from "etag";
import { defineLazy } from "./define-lazy.ts";

/** `res` with `status`, `redirect`, `send` and `json`, to the letter of `@vercel/node`'s helpers. */
export class FunctionResponse extends ServerResponse {}

// Bound to their response: `promise.then(res.json)` works on Vercel.
for (const [name, method] of Object.entries({ status, redirect, send, json })) {
  defineLazy(FunctionResponse.prototype, name, (response) => (method as Method).bind(undefined, response));
}

type Method = (response: ServerResponse, ...values: unknown[]) => ServerResponse;

function status(response: ServerResponse, statusCode: number): ServerResponse {
  response.statusCode = statusCode;
  return response;
}

function redirect(response: ServerResponse, statusOrUrl: number | string, location?: string): ServerResponse {
  const [statusCode, url] = typeof statusOrUrl === "string" ? [307, statusOrUrl] : [statusOrUrl, location];
  if (typeof statusCode !== "number" || typeof url !== "string") {
    throw new Error(
      "Invalid redirect arguments. Please use a single argument URL, e.g. res.redirect('/destination') or use a status code and URL, e.g. res.redirect(307, '/destination').",
    );
  }
  response.writeHead(statusCode, { Location: url }).end();
  return response;
}

function json(response: ServerResponse, value: unknown): ServerResponse {
  const body = JSON.stringify(value);
  if (!response.getHeader("content-type")) {
    response.setHeader("content-type", "application/json; charset=utf-8");
  }
  return send(response, body);
}

function send(response: ServerResponse, value: unknown): ServerResponse {
  if (
    value !== null &&
    (typeof value === "number" || typeof value === "boolean" || typeof value === "object")
  ) {
    if (!Buffer.isBuffer(value)) return json(response, value);
    if (!response.getHeader("content-type")) response.setHeader("content-type", "application/octet-stream");
  }
  let body: Buffer | undefined;
  if (typeof value === "string") {
    response.setHeader("content-type", withUtf8(response.getHeader("content-type") || "text/html"));
    body = Buffer.from(value);
  } else if (value === null) {
    const type = response.getHeader("content-type");
    if (typeof type === "string") response.setHeader("content-type", withUtf8(type));
    body = Buffer.alloc(0);
  } else if (value !== undefined) {
    if (!Buffer.isBuffer(value)) {
      throw new Error("`body` is not a valid string, object, boolean, number, Stream, or Buffer");
    }
    body = value;
  }
  if (body !== undefined) {
    response.setHeader("content-length", body.length);
    if (!response.getHeader("etag")) response.setHeader("etag", createEtag(body, { weak: true }));
  }
  if (response.statusCode === 204 || response.statusCode === 304) {
    for (const name of ["content-type", "content-length", "transfer-encoding"]) response.removeHeader(name);
    body = undefined;
  }
  response.end(response.req.method === "HEAD" ? undefined : body);
  return response;
}

let lastType = "";
let lastTypeWithUtf8 = "";

/** Functions answer one type nearly always: the last one is remembered. */
function withUtf8(type: number | string | string[]): string {
  if (typeof type !== "string") return String(type);
  if (type === lastType) return lastTypeWithUtf8;
  const parsed = parseContentType(type);
  parsed.parameters["charset"] = "utf-8";
  lastTypeWithUtf8 = formatContentType(parsed);
  lastType = type;
  return lastTypeWithUtf8;
}
