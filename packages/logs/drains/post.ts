import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { isIP } from "node:net";
import { DrainFailedError } from "../errors.ts";
import { checkedAddress } from "./checked-address.ts";
import type { DrainTarget } from "./drain.ts";

const timeLimitMs = 15_000;

/**
 * POSTs to a checked address; no redirect is followed.
 *
 * @throws DrainAddressRefusedError, DrainFailedError
 */
export async function post(
  url: URL,
  { headers, isLocal }: Pick<DrainTarget, "headers" | "isLocal">,
  contentType: string,
  body: string,
): Promise<void> {
  const address = await checkedAddress(url.hostname, isLocal);
  const tls = url.protocol === "https:";
  const bytes = Buffer.from(body);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (reason: string) =>
    reject(new DrainFailedError(`${url.host} did not take the lines: ${reason}`));
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
  });
  const timer = setTimeout(() => request.destroy(new Error("it did not answer in time")), timeLimitMs);
  request.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
  request.on("response", (response) => {
    response.on("error", () => fail("the connection was lost"));
    response.resume();
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) resolve();
    else fail(`it answered with status ${status}`);
  });
  request.end(bytes);
  return promise.finally(() => clearTimeout(timer));
}
