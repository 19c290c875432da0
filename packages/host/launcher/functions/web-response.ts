import type { ServerResponse } from "node:http";
import { setImmediate } from "node:timers";

/**
 * Writes a `Response` chunk by chunk, waiting while the client reads slowly; cancels its body when the client goes away. Rejects if the
 * body fails.
 */
export async function sendWebResponse(answer: Response, response: ServerResponse): Promise<void> {
  const { body, status } = answer;
  const lines: string[] = [];
  let hasLength = false;
  for (const [name, value] of answer.headers) {
    if (name === "content-length" || name === "transfer-encoding") hasLength = true;
    lines.push(name, value);
  }
  const isHead = response.req.method === "HEAD";
  const mayHaveBody = !isHead && status !== 204 && status !== 304;
  // Without it Node would announce a chunked body that never has a chunk.
  if (body === null && !hasLength && mayHaveBody) lines.push("content-length", "0");
  const sendHead = () => {
    if (response.headersSent) return;
    if (answer.statusText === "") response.writeHead(status, lines);
    else response.writeHead(status, answer.statusText, lines);
  };
  if (body !== null && mayHaveBody) return pump(body.getReader(), response, sendHead);
  sendHead();
  response.end();
  await body?.cancel();
}

/** The head waits for the first chunk of this turn, so that a body which fails at once can still be answered with 500. */
async function pump(
  reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">,
  response: ServerResponse,
  sendHead: () => void,
): Promise<void> {
  let gone = false;
  const leave = () => {
    gone = true;
    if (!response.writableFinished) reader.cancel().catch(() => {});
  };
  if (response.destroyed) return leave();
  response.on("close", leave);
  let begun = false;
  // Yet a body without a chunk does not keep the head back.
  setImmediate(() => {
    if (begun || gone) return;
    sendHead();
    response.flushHeaders();
  });
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      begun = true;
      throw error;
    });
    if (gone) return;
    begun = true;
    sendHead();
    if (done) break;
    if (!response.write(value)) await drained(response);
  }
  response.end();
}

/** Resolves when more may be written, or nobody reads any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}
