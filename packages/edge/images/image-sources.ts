import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { ImageRequestError } from "../errors.ts";
import { isPrivateAddress } from "./private-address.ts";

/** An answer from where images come. */
export interface SourceAnswer {
  status: number;
  /** First value; `name` in lower case. */
  header(name: string): string | undefined;
  /** At most `sourceLimitBytes`. */
  body: Uint8Array;
}

/** Larger sources are refused. */
export const sourceLimitBytes = 50 * 1024 * 1024;

/** From the app itself, through its own routes and functions. `target`: path and query. */
export type FetchLocal = (target: string) => Promise<SourceAnswer>;

/** From another host, by a connection to just this IP address and without following redirects; see `fetchFromAddress`. */
export type FetchRemote = (url: URL, address: string) => Promise<SourceAnswer>;

export interface RemoteGuard {
  /** Every address of a host name. */
  resolve(hostname: string): Promise<string[]>;
  isForbidden(address: string): boolean;
}

/** Looks names up as the system does and allows public addresses only. */
export const publicAddressesOnly: RemoteGuard = {
  resolve: async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address),
  isForbidden: isPrivateAddress,
};

const redirectLimit = 3;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches an image of another host. Its name is resolved once and the connection goes to the very address that was checked, at each redirect anew, so
 * that neither a redirect nor a changing DNS answer leads into the private network.
 *
 * @throws {ImageRequestError} with 400 for a private address, 404 or 502 for what the other host answers.
 */
export async function fetchRemoteImage(
  start: URL,
  fetchRemote: FetchRemote,
  guard: RemoteGuard,
): Promise<SourceAnswer> {
  let url = start;
  for (let redirects = 0; redirects <= redirectLimit; redirects++) {
    const address = await checkedAddress(url.hostname, guard);
    const answer = await fetchRemote(url, address).catch((error: unknown) => {
      if (error instanceof ImageRequestError) throw error;
      const problem = '"url" parameter is valid but upstream response could not be read';
      throw new ImageRequestError("OPTIMIZED_EXTERNAL_IMAGE_REQUEST_FAILED", problem, error);
    });
    if (!redirectStatuses.has(answer.status)) return checkedAnswer(answer);
    const next = URL.parse(answer.header("location") ?? "", url.href);
    if (!next || !/^https?:$/.test(next.protocol) || next.username !== "") {
      const problem = '"url" parameter is valid but upstream redirects to an invalid location';
      throw new ImageRequestError("OPTIMIZED_EXTERNAL_IMAGE_REQUEST_INVALID", problem);
    }
    url = next;
  }
  const problem = '"url" parameter is valid but upstream redirects too often';
  throw new ImageRequestError("OPTIMIZED_EXTERNAL_IMAGE_TOO_MANY_REDIRECTS", problem);
}

/** Through the app's own routes; what they answer other than 200 is no image. */
export async function fetchLocalImage(target: string, fetchLocal: FetchLocal): Promise<SourceAnswer> {
  const answer = await fetchLocal(target).catch((error: unknown) => {
    if (error instanceof ImageRequestError) throw error;
    const problem = '"url" parameter is valid but internal response could not be read';
    throw new ImageRequestError("INTERNAL_OPTIMIZED_IMAGE_REQUEST_FAILED", problem, error);
  });
  if (answer.status === 200) return answer;
  const problem = '"url" parameter is valid but internal response is invalid';
  if (answer.status === 404) throw new ImageRequestError("RESOURCE_NOT_FOUND", problem);
  throw new ImageRequestError("INTERNAL_OPTIMIZED_IMAGE_REQUEST_FAILED", problem);
}

async function checkedAddress(hostname: string, guard: RemoteGuard): Promise<string> {
  const literal = hostname.replace(/^\[|\]$/g, "");
  const addresses =
    isIP(literal) !== 0
      ? [literal]
      : await guard.resolve(hostname).catch((error: unknown) => {
          const problem = '"url" parameter is valid but its host could not be found';
          throw new ImageRequestError("OPTIMIZED_EXTERNAL_IMAGE_REQUEST_FAILED", problem, error);
        });
  // One private address among public ones is a sign of an attack on just this check.
  if (addresses.length === 0 || addresses.some((address) => guard.isForbidden(address))) {
    const problem = '"url" parameter is not allowed: it resolves to a private address';
    throw new ImageRequestError("INVALID_IMAGE_OPTIMIZE_REQUEST", problem);
  }
  return addresses[0]!;
}

function checkedAnswer(answer: SourceAnswer): SourceAnswer {
  if (answer.status === 200) return answer;
  const problem = '"url" parameter is valid but upstream response is invalid';
  if (answer.status === 404 || answer.status === 410)
    throw new ImageRequestError("RESOURCE_NOT_FOUND", problem);
  if (answer.status === 401 || answer.status === 403) {
    throw new ImageRequestError("OPTIMIZED_EXTERNAL_IMAGE_REQUEST_UNAUTHORIZED", problem);
  }
  throw new ImageRequestError("OPTIMIZED_EXTERNAL_IMAGE_REQUEST_FAILED", problem);
}
