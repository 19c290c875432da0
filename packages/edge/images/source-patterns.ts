import type { ImagesConfig, RemotePattern } from "@evenkeel/model";

/** Longer texts match no pattern; the request's `url` is bounded anyway. */
const textLimit = 4_096;

/** Patterns come from a build, so the same few come again and again. */
const compiled = new Map<string, RegExp | undefined>();

/**
 * Whether the configuration allows an image of this app: with `localPatterns` one of them must match path and query (an absent `search` allows any,
 * `""` none); without, every path is allowed.
 *
 * @param target path and query, as the page wrote them.
 */
export function isLocalImageAllowed({ localPatterns }: ImagesConfig, target: string): boolean {
  if (!localPatterns) return true;
  const url = URL.parse(target, "http://n");
  if (!url) return false;
  return localPatterns.some(
    ({ pathname, search }) =>
      matches(pathname, url.pathname) && (search === undefined || url.search === search),
  );
}

/**
 * Whether the configuration allows an image of another host: its name is one of `domains`, or one of `remotePatterns` matches it.
 * https://vercel.com/docs/build-output-api/v3/configuration#images: `hostname` and `pathname` are regular expressions.
 */
export function isRemoteImageAllowed({ domains, remotePatterns }: ImagesConfig, url: URL): boolean {
  return (
    domains.includes(url.hostname) || (remotePatterns ?? []).some((pattern) => matchesRemote(pattern, url))
  );
}

function matchesRemote({ protocol, hostname, port, pathname, search }: RemotePattern, url: URL): boolean {
  if (protocol !== undefined && url.protocol !== `${protocol.replace(/:$/, "")}:`) return false;
  if (port !== undefined && url.port !== port) return false;
  if (search !== undefined && url.search !== search) return false;
  // Anchored even where its author forgot: `example\.com` must not allow `example.com.evil.test`.
  return matches(`^(?:${hostname})$`, url.hostname) && matches(pathname, url.pathname);
}

/** An expression that cannot be compiled allows nothing. */
function matches(source: string | undefined, text: string): boolean {
  if (source === undefined) return true;
  if (!compiled.has(source)) {
    if (compiled.size >= 1_024) compiled.clear();
    compiled.set(source, compile(source));
  }
  return text.length <= textLimit && compiled.get(source)?.test(text) === true;
}

function compile(source: string): RegExp | undefined {
  try {
    return new RegExp(source);
  } catch {
    return undefined;
  }
}
