import type { IncomingMessage, ServerResponse } from "node:http";
import { requestUrl } from "../request/request-context.ts";

/**
 * The Web-standard `Request` of a Node request. Its signal aborts when the client goes away before the answer is whole. Its body is read
 * from the socket only as fast as it is consumed.
 *
 * @throws TypeError for a URL or method that the Fetch standard forbids.
 */
export function toWebRequest(request: IncomingMessage, response: ServerResponse): Request {
  const method = request.method ?? "GET";
  const aborter = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) aborter.abort();
  });
  const init: RequestInit & { duplex?: "half" } = { method, signal: aborter.signal };
  if (method !== "GET" && method !== "HEAD" && hasBody(request)) {
    init.body = webBody(request, response);
    init.duplex = "half";
  }
  const webRequest = new Request(requestUrl(request), init);
  const raw = request.rawHeaders;
  // Into the request itself: headers given to its constructor are copied, which costs 1 µs more.
  for (let index = 0; index < raw.length; index += 2) webRequest.headers.append(raw[index]!, raw[index + 1]!);
  return webRequest;
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined ||
  (headers["content-length"] !== undefined && headers["content-length"] !== "0");

/** Chunks (of 64 KiB mostly) that are read ahead of the function. */
const readAhead = 4;

/**
 * Touches the request only when the function reads: a body that nobody asks for is left to Node, which discards it. Not `Readable.toWeb`: it
 * destroys the socket under the answer when the function stops reading early.
 */
function webBody(request: IncomingMessage, response: ServerResponse): ReadableStream<Uint8Array> {
  let state: "untouched" | "open" | "closed" = "untouched";
  const discard = () => {
    if (state === "open") request.resume();
    state = "closed";
  };
  const listen = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    request.on("data", (chunk: Buffer) => {
      if (state === "closed") return;
      controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      if ((controller.desiredSize ?? 0) <= -readAhead) request.pause();
    });
    request.on("end", () => {
      if (state !== "closed") controller.close();
      state = "closed";
    });
    const fail = () => {
      if (state !== "closed")
        controller.error(new DOMException("The client closed the connection", "AbortError"));
      state = "closed";
    };
    request.on("error", fail);
    request.on("close", fail);
    // What is left after the answer is discarded, so that the connection can be used again.
    response.on("finish", discard);
  };
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (state === "untouched") {
          state = "open";
          listen(controller);
        }
        request.resume();
      },
      cancel: discard,
    },
    { highWaterMark: 0 },
  );
}
