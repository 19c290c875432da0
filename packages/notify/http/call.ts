import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { isIP } from "node:net";
import { checkedAddress } from "@evenkeel/logs/drains/checked-address";
import { EvenkeelError } from "@evenkeel/model";
import type { ChannelNet } from "../channel.ts";
import { ChannelUnavailableError, MessageRefusedError } from "../errors.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface Call {
  method: "GET" | "POST";
  url: URL;
  headers?: Record<string, string>;
  body?: string;
}

export interface Reply {
  status: number;
  text: string;
}

const usualLimitMs = 10_000;
const longestReplyBytes = 256 * 1024;

/**
 * Asks a provider; no redirect is followed, since a body with secrets in it goes where it was sent to and nowhere else.
 *
 * @param by name of the provider, for messages
 * @throws MessageRefusedError for what is wrong for good (4xx), ChannelUnavailableError for all else that is not 2xx
 */
export async function call(
  by: string,
  { method, url, headers, body }: Call,
  net: ChannelNet,
): Promise<Reply> {
  const address = await addressOf(by, url, net);
  const tls = url.protocol === "https:";
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const limitMs = net.limitMs ?? usualLimitMs;
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const fail = (why: string, after?: number) =>
    reject(new ChannelUnavailableError(by, why, { retryAfterMs: after }));
  const request = (tls ? requestTls : requestPlain)({
    ...{ method, host: address, path: url.pathname + url.search, agent: false },
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    headers: {
      ...{ "user-agent": "Evenkeel-Notify", ...headers, host: url.host },
      ...(bytes && { "content-length": bytes.length }),
    },
    ...(tls && isIP(url.hostname) === 0 && { servername: url.hostname }),
  });
  // Of the whole exchange: one that sends a byte now and then hangs all the same.
  const timer = setTimeout(() => {
    fail(`it did not answer within ${Math.round(limitMs / 1_000)} s`);
    request.destroy();
  }, limitMs);
  request.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
  request.on("response", (response) => {
    response.on("error", () => fail("the connection was lost"));
    void readText(response).then((text) => {
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) return resolve({ status, text });
      const why = `status ${status}${text === "" ? "" : `, ${shown(text)}`}`;
      // 408, 425 and 429 pass; what else is 4xx, or leads elsewhere, will be so the next time.
      if (status >= 300 && status < 500 && ![408, 425, 429].includes(status))
        return reject(new MessageRefusedError(by, why));
      fail(why, retryAfterMs(response.headers["retry-after"], Date.now()));
    }, fail);
  });
  request.end(bytes);
  return promise.finally(() => clearTimeout(timer));
}

async function addressOf(by: string, url: URL, { isLocal }: ChannelNet): Promise<string> {
  try {
    return await checkedAddress(url.hostname, isLocal);
  } catch (error) {
    if (error instanceof EvenkeelError)
      throw new MessageRefusedError(by, `${url.hostname} is an address of this machine or of its link`, {
        hint: "Name a server elsewhere; only an administrator may send to this machine itself.",
      });
    throw new ChannelUnavailableError(by, `${url.hostname} was not found`);
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let received = 0;
  for await (const piece of response) {
    received += piece.length;
    pieces.push(piece);
    if (received > longestReplyBytes) {
      response.destroy();
      break;
    }
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** A page of a proxy on the way, or of a login: it is not the provider that has answered. */
export const isHtml = (text: string): boolean => /^\s*<(?:!doctype|html|head|body)\b/i.test(text);

const shown = (text: string): string =>
  isHtml(text) ? "an HTML page" : JSON.stringify(text.replace(/\s+/g, " ").slice(0, 200));
