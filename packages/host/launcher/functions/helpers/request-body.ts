import type { IncomingMessage } from "node:http";
import { parse as parseForm } from "node:querystring";
import { parse as parseContentType } from "content-type";
import { ApiError } from "../../request/fault-answer.ts";

/**
 * Vercel's limit of a function's request body. Up to here `req.body` can be had; a longer body is only streamed, so that memory stays
 * flat.
 */
export const bodyLimitBytes = 4_500_000;

const parsedTypes = new Set([
  "application/json",
  "application/octet-stream",
  "application/x-www-form-urlencoded",
  "text/plain",
]);

const received = Symbol("evenkeel.body");
type BodyRequest = IncomingMessage & { [received]?: Buffer | "too_long" };

/**
 * `req.body` is read synchronously, so its bytes must be there before the handler is called. Only bodies that it could
 * parse are waited for; all others reach the handler at once as the stream they are.
 */
export function hasParsableBody(request: IncomingMessage): boolean {
  const { headers } = request;
  const contentType = headers["content-type"];
  if (contentType === undefined) return false;
  const lengthBytes = headers["content-length"];
  if (lengthBytes === undefined ? headers["transfer-encoding"] === undefined : lengthBytes === "0")
    return false;
  if (Number(lengthBytes) > bodyLimitBytes) {
    (request as BodyRequest)[received] = "too_long";
    return false;
  }
  const end = contentType.indexOf(";");
  return parsedTypes.has((end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase());
}

/**
 * Waits for the whole body and puts it back, so that the handler may still read the stream. Calls `then` in the turn in which the body
 * ended, before its `end` event can pass unheard; never if the client goes away.
 */
export function receiveBody(request: IncomingMessage, then: () => void): void {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const onReadable = () => {
    for (
      let chunk = request.read() as Buffer | null;
      chunk !== null;
      chunk = request.read() as Buffer | null
    ) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
    }
    const tooLong = sizeBytes > bodyLimitBytes;
    if (!tooLong && !request.complete) return;
    request.off("readable", onReadable);
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, sizeBytes);
    if (sizeBytes > 0) request.unshift(body);
    (request as BodyRequest)[received] = tooLong ? "too_long" : body;
    then();
  };
  request.on("readable", onReadable);
}

/** `req.body` by content type, as https://vercel.com/docs/functions/runtimes/node-js#request-body has it. */
export function parseBody(request: IncomingMessage): unknown {
  const body = (request as BodyRequest)[received];
  if (body === "too_long") throw new ApiError(413, "Request Entity Too Large");
  const header = request.headers["content-type"];
  const type = header ? parseContentType(header).type : "text/plain";
  if (type === "application/json") {
    const text = body?.toString() ?? "";
    try {
      return text ? JSON.parse(text) : {};
    } catch {
      throw new ApiError(400, "Invalid JSON");
    }
  }
  if (type === "application/octet-stream") return body ?? Buffer.alloc(0);
  if (type === "application/x-www-form-urlencoded") return parseForm(body?.toString() ?? "");
  if (type === "text/plain") return body?.toString() ?? "";
  return undefined;
}
