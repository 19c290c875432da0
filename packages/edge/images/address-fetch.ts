import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { isIP } from "node:net";
import { ImageRequestError } from "../errors.ts";
import { type SourceAnswer, sourceLimitBytes } from "./image-sources.ts";

/** As Next.js has it. */
const timeLimitMs = 7_000;

export interface AddressFetchOptions {
  /** PEM; replaces the system's authorities. */
  ca?: string;
  /** Default 7,000. */
  timeLimitMs?: number;
  /** Default 50 MiB. */
  limitBytes?: number;
}

/**
 * GETs a URL from one IP address, which was checked before: no name is looked up again and no redirect followed. The URL's own name is sent as
 * `host`, for TLS, and is what the certificate must be for.
 *
 * @throws {ImageRequestError} if the body is too large; other errors are those of the connection.
 */
export function fetchFromAddress(
  url: URL,
  address: string,
  options: AddressFetchOptions = {},
): Promise<SourceAnswer> {
  const tls = url.protocol === "https:";
  const limitBytes = options.limitBytes ?? sourceLimitBytes;
  const { promise, resolve, reject } = Promise.withResolvers<SourceAnswer>();
  const request = (tls ? requestTls : requestPlain)({
    host: address,
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
    // A connection of its own: an agent would look kept ones up by address, whatever name their certificate was checked for.
    agent: false,
    headers: {
      host: url.host,
      accept: "image/*,*/*;q=0.5",
      "accept-encoding": "identity",
      "user-agent": "Evenkeel-Image",
    },
    ...(tls && { ca: options.ca, ...(isIP(url.hostname) === 0 && { servername: url.hostname }) }),
  });
  const timer = setTimeout(
    () => request.destroy(new Error("The image did not arrive in time")),
    options.timeLimitMs ?? timeLimitMs,
  );
  const fail = (error: unknown) => {
    reject(error);
    request.destroy();
  };
  request.on("error", fail);
  request.on("response", (response) => {
    const chunks: Buffer[] = [];
    let received = 0;
    response.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (received <= limitBytes) chunks.push(chunk);
      else
        fail(
          new ImageRequestError(
            "INVALID_IMAGE_OPTIMIZE_REQUEST",
            '"url" parameter is valid but the image is too large',
          ),
        );
    });
    response.on("error", fail);
    response.on("close", () => fail(new Error("The connection was lost")));
    response.on("end", () => {
      const header = (name: string) => [response.headers[name]].flat()[0];
      resolve({ status: response.statusCode ?? 0, header, body: Buffer.concat(chunks) });
    });
  });
  request.end();
  return promise.finally(() => clearTimeout(timer));
}
