import type { CachedAnswer } from "../cache/cached-answer.ts";
import type { Exchange, HeaderPairs } from "../http/exchange.ts";
import { answerHeaders } from "../routing/answer-headers.ts";
import type { PrerenderResolution } from "../routing/resolution.ts";
import { type CacheStatus, type RequestState, requestHeadersOf } from "./request-state.ts";

/** A page is put together from what everybody gets and what this client alone may see. */
const composedCacheControl = "private, no-cache, no-store, max-age=0, must-revalidate";

export interface PartialPage {
  exchange: Exchange;
  state: RequestState;
  resolution: PrerenderResolution;
  answer: CachedAnswer;
  cache: CacheStatus;
  resume: ResumePage;
}

/** The dynamic rest of a page, as its function renders it from the postponed state. Throws where the function fails. */
export type ResumePage = (
  exchange: Exchange,
  state: RequestState,
  resolution: PrerenderResolution,
  postponed: Buffer,
  signal: AbortSignal,
) => AsyncGenerator<Uint8Array>;

/**
 * Partial Prerendering: sends the shell at once and the dynamic rest behind it (see `pre-render-answer.ts` of the model). The function is
 * asked before the shell is sent, so both are under way together.
 */
export async function sendPartialPage(page: PartialPage): Promise<void> {
  const { exchange, state, resolution, answer } = page;
  const gone = new AbortController();
  const rest = page.resume(exchange, state, resolution, answer.content.postponed!, gone.signal);
  let next = rest.next();
  const writer = exchange.startResponse(resolution.status ?? answer.content.status, partialHeaders(page));
  let drained = () => {};
  writer.onDrain(() => drained());
  exchange.onAbort(() => {
    gone.abort();
    drained();
  });
  try {
    if (answer.content.body.length > 0) writer.write(answer.content.body);
    for (let piece = await next; !piece.done; piece = await next) {
      if (exchange.aborted) break;
      if (!writer.write(piece.value)) {
        await new Promise<void>((resolve) => {
          drained = resolve;
        });
      }
      next = rest.next();
    }
    if (exchange.aborted) await rest.return(undefined);
    else writer.end();
  } catch (error) {
    if (exchange.aborted) return;
    // Half a page was sent; only a broken connection tells the browser so.
    console.error(`edge: the dynamic part of ${exchange.path} failed at ${state.deployment.id}: ${error}`);
    writer.abort();
  }
}

function partialHeaders({ answer, resolution, state, cache }: PartialPage): HeaderPairs {
  const own: [string, string][] = answer.content.headers
    .filter(([name]) => name !== "etag" && name !== "cache-control")
    .map(([name, value]) => [name, value]);
  own.push(["cache-control", composedCacheControl], ["x-matched-path", resolution.matchedPath]);
  const platforms = new Set(state.served.ownHeaders.map(([name]) => name));
  return [
    ...answerHeaders(own, resolution, false).filter(([name]) => !platforms.has(name)),
    ...state.served.ownHeaders,
    ...requestHeadersOf(state, cache, 0),
  ];
}
