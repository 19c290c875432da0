import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { AccountRegistry } from "../accounts/account-registry.ts";
import { type Fault, requestFaults } from "../faults/fault-rule.ts";
import { loggableBody, loggableHeaders, loggedBodyBytes } from "../log/logged-request.ts";
import { type Answer, json } from "../provider/answer.ts";
import type { Identified, Provider, TwinRoute } from "../provider/provider.ts";
import { Router } from "../provider/router.ts";
import type { TwinRequest } from "../provider/twin-request.ts";

/** A hanging answer ends by itself, so that no connection is kept for ever. */
const hangLimitMs = 10 * 60_000;

/** One request on its way through a twin. */
interface Exchange {
  provider: Provider;
  request: TwinRequest;
  response: ServerResponse;
  startedMs: number;
}

/** Answers the requests of apps: finds the twin, the account and the route, lets faults strike, and keeps the log. */
export class TwinServer {
  private readonly byHost = new Map<string, Provider>();
  private readonly routers = new Map<Provider, Router<TwinRoute>>();

  constructor(
    private readonly providers: ReadonlyMap<string, Provider>,
    private readonly accounts: AccountRegistry,
    private readonly flush: () => void,
  ) {
    for (const provider of providers.values()) {
      this.routers.set(provider, new Router(provider.routes));
      for (const host of provider.hosts) this.byHost.set(host, provider);
    }
  }

  /** By host name where it is a provider's own, else by the first piece of the path. False where no twin is meant. */
  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const startedMs = performance.now();
    const host = (incoming.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
    const target = incoming.url ?? "/";
    const queryAt = target.indexOf("?");
    const wholePath = queryAt === -1 ? target : target.slice(0, queryAt);
    const [, first = "", rest = ""] = /^\/([^/]*)(\/.*)?$/.exec(wholePath) ?? [];
    const own = this.byHost.get(host);
    const provider = own ?? this.providers.get(first);
    if (!provider) return false;
    const request: TwinRequest = {
      method: incoming.method ?? "GET",
      host,
      path: own ? wholePath : rest || "/",
      query: new URLSearchParams(queryAt === -1 ? "" : target.slice(queryAt + 1)),
      headers: flatten(incoming.headers),
      body: Buffer.alloc(0),
      origin: own ? `https://${host}` : `http://${incoming.headers.host}/${provider.name}`,
    };
    const exchange: Exchange = { provider, request, response, startedMs };
    const body = await readBody(incoming, provider.bodyLimitBytes);
    if (body === "gone") return true;
    if (body === "too_large") {
      const answer = provider.failure(
        { kind: "body_too_large", limitBytes: provider.bodyLimitBytes },
        request,
      );
      response.setHeader("connection", "close");
      await write(response, answer);
      return true;
    }
    request.body = body;
    const identified = provider.authenticate(request, this.accounts);
    if (identified) await this.answer(exchange, identified);
    else await write(response, provider.failure({ kind: "unauthenticated" }, request));
    return true;
  }

  private async answer(exchange: Exchange, identified: Identified): Promise<void> {
    const { provider, request, response } = exchange;
    const { account, key } = identified;
    const faults = account.faults.strike(
      { provider: provider.name, key, subject: `${request.method} ${request.path}` },
      requestFaults,
    );
    const fault = (type: Fault["type"]) => faults.find((each) => each.type === type);
    const note = (status: number, answer: string) => this.log(exchange, identified, faults, status, answer);
    if (fault("down")) {
      note(0, "");
      return sever(response);
    }
    for (const each of faults) if (each.type === "latency") await sleep(each.ms);
    if (fault("hang")) {
      note(0, "");
      return hang(response);
    }
    const refusal = this.refusal(exchange, faults);
    const answer = refusal ?? (await this.carryOut(exchange, identified));
    if (fault("drop")) {
      note(0, "");
      return sever(response);
    }
    const skewMs = account.faults.skewMs(provider.name);
    if (skewMs !== 0) response.setHeader("date", new Date(Date.now() + skewMs).toUTCString());
    note(answer.status, loggableAnswer(answer));
    this.flush();
    await write(response, answer);
  }

  private refusal({ provider, request }: Exchange, faults: Fault[]): Answer | undefined {
    for (const fault of faults) {
      if (fault.type === "rate_limit") {
        const { retryAfterSeconds } = fault;
        return provider.failure({ kind: "rate_limited", retryAfterSeconds }, request);
      }
      if (fault.type === "server_error") {
        return provider.failure({ kind: "server_error", status: fault.status }, request);
      }
    }
    return undefined;
  }

  private async carryOut({ provider, request }: Exchange, identified: Identified): Promise<Answer> {
    const router = this.routers.get(provider)!;
    const found = router.find(request.method, request.path);
    if (!found) {
      return json(
        {
          message: `The sandbox's twin of ${provider.title} has no ${request.method} ${request.path}`,
          implemented: router.list(),
        },
        501,
      );
    }
    try {
      return await found.route.answer({ ...identified, request, params: found.params });
    } catch (error) {
      console.error(`sandbox: ${provider.name} failed at ${request.method} ${request.path}:`, error);
      return provider.failure({ kind: "server_error", status: 500 }, request);
    }
  }

  private log(
    { provider, request, startedMs }: Exchange,
    { account, key }: Identified,
    faults: Fault[],
    status: number,
    answer: string,
  ): void {
    const query = request.query.size > 0 ? `?${request.query}` : "";
    const body = loggableBody(request.body, request.headers["content-type"]);
    account.note({
      provider: provider.name,
      key,
      method: request.method,
      path: `${request.path}${query}`,
      headers: loggableHeaders(request.headers),
      body: provider.loggable?.(body) ?? body,
      status,
      answer,
      faults: faults.map((fault) => fault.type),
      durationMs: Math.round(performance.now() - startedMs),
    });
  }
}

function flatten(headers: IncomingMessage["headers"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}

/** Reads on after the limit, without keeping anything, so that the client gets to see the answer. */
function readBody(incoming: IncomingMessage, limitBytes: number): Promise<Buffer | "too_large" | "gone"> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let receivedBytes = 0;
    incoming.on("data", (piece: Buffer) => {
      receivedBytes += piece.length;
      if (receivedBytes <= limitBytes) pieces.push(piece);
      else {
        pieces.length = 0;
        resolve("too_large");
      }
    });
    incoming.on("end", () => resolve(Buffer.concat(pieces)));
    incoming.on("error", () => resolve("gone"));
    incoming.on("close", () => resolve("gone"));
  });
}

function hang(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => sever(response), hangLimitMs);
    response.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** `response.destroy()` alone would end it as an empty answer under Bun. */
export function sever(response: ServerResponse): void {
  response.socket?.destroy();
  response.destroy();
}

export async function write(response: ServerResponse, answer: Answer): Promise<void> {
  const headers = { ...answer.headers };
  if (answer.json !== undefined) headers["content-type"] ??= "application/json";
  if (answer.stream === undefined) {
    const body =
      answer.json === undefined
        ? (answer.bytes ?? Buffer.from(answer.text ?? ""))
        : Buffer.from(JSON.stringify(answer.json));
    if (answer.status !== 204) headers["content-length"] = String(body.length);
    response.writeHead(answer.status, headers);
    response.end(body);
    return;
  }
  response.writeHead(answer.status, headers);
  let gone = false;
  response.on("close", () => {
    gone = true;
  });
  try {
    for await (const piece of answer.stream) {
      if (gone) break;
      if (!response.write(piece))
        await new Promise<void>((resolve) => response.once("drain", resolve).once("close", resolve));
    }
    response.end();
  } catch (error) {
    console.error("sandbox: a stream broke:", error);
    sever(response);
  }
}

function loggableAnswer(answer: Answer): string {
  if (answer.json !== undefined) return JSON.stringify(answer.json).slice(0, loggedBodyBytes);
  if (answer.stream) return "(stream)";
  if (answer.bytes) return loggableBody(answer.bytes, answer.headers?.["content-type"]);
  return (answer.text ?? "").slice(0, loggedBodyBytes);
}
