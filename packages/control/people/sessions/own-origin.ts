import type { RequestSide } from "../../api/request-side.ts";
import { CrossOriginError, PlainHttpError } from "../../errors.ts";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Sees that a request with a cookie comes from the console's own pages. `SameSite` alone does not: pages of apps below the platform's domain are of
 * the same site. The edge lets only the platform's own host names through to here, so what counts is that the origin is the host that was asked.
 *
 * @throws CrossOriginError
 */
export function requireOwnOrigin(request: RequestSide): void {
  const fetchSite = request.header("sec-fetch-site");
  if (safeMethods.has(request.method)) {
    // A link from elsewhere leads to a page, never to the API.
    if (fetchSite !== undefined && fetchSite !== "same-origin" && fetchSite !== "none")
      throw new CrossOriginError();
    return;
  }
  const origin = parseOrigin(request);
  if (origin === undefined || origin.host !== hostOf(request, origin)) throw new CrossOriginError();
}

/**
 * The origin of a page that somebody signs in at: the host name that passkeys are for.
 *
 * @throws CrossOriginError; PlainHttpError where a password would be readable on its way
 */
export function signInOrigin(request: RequestSide): { origin: string; hostname: string } {
  requireOwnOrigin(request);
  const url = parseOrigin(request)!;
  if (url.protocol === "http:" && !isLoopback(url.hostname)) throw new PlainHttpError(url.host);
  return { origin: url.origin, hostname: url.hostname };
}

function parseOrigin(request: RequestSide): URL | undefined {
  try {
    return new URL(request.header("origin") ?? "");
  } catch {
    return undefined;
  }
}

/** Without the port where it is the scheme's own, as URLs have it. */
function hostOf(request: RequestSide, { protocol }: URL): string | undefined {
  const host = request.header("host");
  try {
    return host === undefined ? undefined : new URL(`${protocol}//${host}`).host;
  } catch {
    return undefined;
  }
}

/** What browsers treat as trustworthy without TLS (https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy). */
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" ||
  hostname.endsWith(".localhost") ||
  /^127\.\d+\.\d+\.\d+$/.test(hostname) ||
  hostname === "[::1]";
