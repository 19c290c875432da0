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
  const init: RequestInit & { duplex?: "half" } = {
    method,
    headers: webHeaders(request),
    signal: aborter.signal,
  };
  if (method !== "GET" && method !== "HEAD" && hasBody(request)) {
    init.body = webBody(request);
    init.duplex = "half";
  }
  return new Request(requestUrl(request), init);
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined ||
  (headers["content-length"] !== undefined && headers["content-length"] !== "0");

function webHeaders(request: IncomingMessage): Headers {
  const headers = new Headers();
  const raw = request.rawHeaders;
  for (let index = 0; index < raw.length; index += 2) headers.append(raw[index]!, raw[index + 1]!);
  return headers;
}

/** Simpler and twice as fast as `Readable.toWeb`, whose cancellation also destroys the socket under the answer. */
function webBody(request: IncomingMessage): ReadableStream<Uint8Array> {
  let open = true;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      request.on("data", (chunk: Buffer) => {
        if (!open) return;
        controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        if ((controller.desiredSize ?? 0) <= 0) request.pause();
      });
      request.on("end", () => {
        if (open) controller.close();
        open = false;
      });
      const fail = () => {
        if (open) controller.error(new DOMException("The client closed the connection", "AbortError"));
        open = false;
      };
      request.on("error", fail);
      request.on("close", fail);
    },
    pull() {
      request.resume();
    },
    cancel() {
      open = false;
      // What is left is discarded, so that the connection can be used again.
      request.resume();
    },
  });
}
