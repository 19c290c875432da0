import type { EvenkeelError } from "@evenkeel/model";

/** Proxies on the way close what is silent for long. */
const heartbeatMs = 15_000;

/**
 * Sends events as newline-delimited JSON, one at a time as the client reads. An error becomes the last line; an empty line now and
 * then keeps the connection alive.
 */
export function eventStream(
  events: AsyncIterable<unknown>,
  tell: (error: unknown) => EvenkeelError,
): Response {
  const iterator = events[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<unknown>> | undefined;
  let left = false;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      // The head goes out with the first bytes: whoever follows learns at once that it does.
      controller.enqueue(encoder.encode("\n"));
    },
    async pull(controller) {
      next ??= iterator.next();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silence = new Promise<"silence">((resolve) => {
        timer = setTimeout(() => resolve("silence"), heartbeatMs);
      });
      try {
        const first = await Promise.race([next, silence]);
        if (left) return;
        if (first === "silence") {
          controller.enqueue(encoder.encode("\n"));
          return;
        }
        next = undefined;
        if (first.done) controller.close();
        else controller.enqueue(encoder.encode(`${JSON.stringify(first.value)}\n`));
      } catch (error) {
        if (left) return;
        controller.enqueue(encoder.encode(`${JSON.stringify({ error: tell(error).toJSON() })}\n`));
        controller.close();
      } finally {
        clearTimeout(timer);
      }
    },
    cancel() {
      left = true;
      // Not awaited: it may be waiting for an event that never comes.
      void iterator.return?.().catch(() => {});
    },
  });
  return new Response(body, {
    headers: { "content-type": "application/x-ndjson; charset=utf-8", "cache-control": "no-store" },
  });
}
