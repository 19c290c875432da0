import type { MiddlewareAnswer, Pairs } from "./resolution.ts";

const overridePrefix = "x-middleware-request-";

/**
 * Reads what a middleware function answered, by the protocol that Next.js and `@vercel/functions/middleware` speak: `x-middleware-next` and
 * `x-middleware-rewrite` go on; `x-middleware-override-headers` names the request's headers from here on, each with its value in
 * `x-middleware-request-<name>`. Any other answer, a redirect included, is the client's answer.
 *
 * @param headers every line of the answer, names in lower case.
 */
export function readMiddlewareAnswer(headers: Pairs): MiddlewareAnswer {
  const value = (name: string) => headers.find(([other]) => other === name)?.[1];
  const responseHeaders = headers.filter(([name]) => !name.startsWith("x-middleware-"));
  const rewrite = value("x-middleware-rewrite");
  if (rewrite === undefined && value("x-middleware-next") === undefined)
    return { kind: "respond", responseHeaders };

  const overrides = value("x-middleware-override-headers");
  const requestHeaders = overrides
    ?.split(",")
    .map((name) => name.trim().toLowerCase())
    .flatMap((name) =>
      headers.filter(([other]) => other === overridePrefix + name).map(([, text]) => [name, text] as const),
    );
  // They describe the body of an answer that nobody sees.
  const forwarded = responseHeaders.filter(
    ([name]) => !["content-length", "transfer-encoding", "content-type", "date", "connection"].includes(name),
  );
  return {
    kind: "next",
    responseHeaders: forwarded,
    ...(rewrite !== undefined && { rewrite }),
    ...(requestHeaders && { requestHeaders }),
  };
}

/** Where a middleware's rewrite leads. */
export type RewriteTarget =
  | { path: string; query: string }
  /** URL on another host, without query and fragment. */
  | { external: string; query: string };

/** @param hostPort of the request. `undefined`: the rewrite is no URL that can be followed. */
export function rewriteTarget(rewrite: string, hostPort: string): RewriteTarget | undefined {
  const url = URL.parse(rewrite, `http://${hostPort || "localhost"}`);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const query = url.search.slice(1);
  if (isOwnHost(url.host, hostPort)) return { path: url.pathname, query };
  return { external: url.origin + url.pathname, query };
}

/** A browser leaves out the port that its scheme implies; a proxy before us may not. */
export function isOwnHost(host: string, hostPort: string): boolean {
  const bare = (name: string) => name.toLowerCase().replace(/:(?:80|443)$/, "");
  return bare(host) === bare(hostPort || "localhost");
}
