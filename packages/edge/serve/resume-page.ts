import type { HostLink } from "../link/host-link.ts";
import { maxDurationS } from "../prerender/page-renderer.ts";
import { takeInstance } from "./function-fetch.ts";
import type { ResumePage } from "./partial-page.ts";
import { functionHeaders, headersInNameOf } from "./request-headers.ts";
import { functionTarget } from "./request-target.ts";

/** Lets the function of `chain.outputPath` render what a page's shell left out, for this client. */
export function pageResumer(link: HostLink): ResumePage {
  return async function* resume(exchange, state, resolution, postponed, signal) {
    const { deployment, loaded, requestId } = state;
    const { chain } = resolution.prerender;
    const path = chain!.outputPath.replace(/^\//, "");
    const fn = loaded.output.functions[path] ?? resolution.function;
    if (fn === undefined) throw new Error(`the build output has no function at ${path}`);
    const durationS = maxDurationS(loaded, fn);
    const target = { matchedPath: resolution.matchedPath, maxDurationS: durationS };
    const own = functionHeaders(exchange, requestId, deployment, target, resolution);
    const headers = new Headers(
      headersInNameOf(exchange, resolution, own).map(([name, value]): [string, string] => [name, value]),
    );
    for (const [name, value] of Object.entries(chain!.headers)) headers.set(name, value);
    headers.set("accept-encoding", "identity");
    headers.delete("content-type");

    const instance = await takeInstance(link, link.pool(deployment.id, fn));
    if (!("socketPath" in instance)) throw new Error(`no instance of its function: ${instance.kind}`);
    try {
      // Bun's own client: the one of the edge either streams to a client or collects, and this does neither.
      const answer = await fetch(`http://instance${functionTarget(exchange, resolution)}`, {
        method: "POST",
        unix: instance.socketPath,
        headers,
        body: postponed as Buffer<ArrayBuffer>,
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(durationS * 1_000)]),
      });
      if (answer.status >= 500) throw new Error(`its function answered ${answer.status}`);
      if (answer.body) yield* answer.body as unknown as AsyncIterable<Uint8Array>;
    } finally {
      link.release(instance);
    }
  };
}
