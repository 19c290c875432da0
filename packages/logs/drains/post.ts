import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { isIP } from "node:net";
import { DrainFailedError } from "../errors.ts";
import { checkedAddress } from "./checked-address.ts";
import type { DrainTarget } from "./drain.ts";

const timeLimitMs = 15_000;

/** Answers to what is sent are short. */
const answerBytes = 64 * 1024;

/**
 * POSTs to a checked address; no redirect is followed. Resolves with the answer's body.
 *
 * @throws DrainAddressRefusedError, DrainFailedError
 */
export async function post(
  url: URL,
  { headers, isLocal, ca }: Pick<DrainTarget, "headers" | "isLocal" | "ca">,
  contentType: string,
  body: string | Uint8Array,
): Promise<Uint8Array> {
  const address = await checkedAddress(url.hostname, isLocal);
  const tls = url.protocol === "https:";
  const bytes = Buffer.from(body);
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const fail = (reason: string, answer = {}) =>
    reject(new DrainFailedError(`${url.host} did not take what was sent: ${reason}`, answer));
  const request = (tls ? requestTls : requestPlain)({
    ...{ method: "POST", host: address, path: url.pathname + url.search, agent: false },
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    headers: {
      ...headers,
      ...{
        host: url.host,
        "content-type": contentType,
        "content-length": bytes.length,
        "user-agent": "Evenkeel-Logs",
      },
    },
    ...(tls && isIP(url.hostname) === 0 && { servername: url.hostname }),
    ...(tls && ca && { ca }),
  });
  const timer = setTimeout(() => request.destroy(new Error("it did not answer in time")), timeLimitMs);
  request.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
  request.on("response", (response) => {
    response.on("error", () => fail("the connection was lost"));
    const pieces: Buffer[] = [];
    let length = 0;
    response.on("data", (piece: Buffer) => {
      length += piece.length;
      if (length <= answerBytes) pieces.push(piece);
    });
    const status = response.statusCode ?? 0;
    response.on("end", () => {
      if (status >= 200 && status < 300) resolve(Buffer.concat(pieces));
      else {
        const seconds = Number(response.headers["retry-after"]);
        const wait = seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {};
        fail(`it answered with status ${status}`, { status, ...wait });
      }
    });
  });
  request.end(bytes);
  return promise.finally(() => clearTimeout(timer));
}
