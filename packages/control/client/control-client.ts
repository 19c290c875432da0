import { InvalidValueError } from "@evenkeel/model";
import type { z } from "zod";
import { type Contract, contract, type Route, type RouteName } from "../api/contract/index.ts";
import { ApiError, ControlUnreachableError } from "../errors.ts";
import { readEventLines } from "./event-lines.ts";

type InputOf<Schema> = Schema extends z.ZodUndefined
  ? unknown
  : Schema extends z.ZodType
    ? z.input<Schema>
    : unknown;

/** Parameters of the path, the query and the body in one object. */
export type RouteInput<Name extends RouteName> =
  Contract[Name] extends Route<infer Params, infer Query, infer Body, infer _Reply, infer _Kind>
    ? InputOf<Params> & InputOf<Query> & InputOf<Body>
    : never;

export type RouteReply<Name extends RouteName> =
  Contract[Name] extends Route<infer _P, infer _Q, infer _B, infer Reply, infer _K> ? Reply : never;

export interface CallOptions {
  signal?: AbortSignal;
}

type Call<Name extends RouteName> = Contract[Name]["kind"] extends "stream"
  ? (input: RouteInput<Name>, options?: CallOptions) => AsyncGenerator<RouteReply<Name>, void, void>
  : Contract[Name]["kind"] extends "upload"
    ? (
        input: RouteInput<Name>,
        bytes: Blob | ReadableStream,
        options?: CallOptions,
      ) => Promise<RouteReply<Name>>
    : Record<never, never> extends RouteInput<Name>
      ? (input?: RouteInput<Name>, options?: CallOptions) => Promise<RouteReply<Name>>
      : (input: RouteInput<Name>, options?: CallOptions) => Promise<RouteReply<Name>>;

/** One method per route of the contract but events and texts: `client.rollback({ app: "shop", reason: "errors" })`. */
export type ControlClient = {
  // Events are for pages, texts for programs of others.
  [Name in RouteName as Contract[Name]["kind"] extends "events" | "text" ? never : Name]: Call<Name>;
};

export type ControlAddress =
  /** `run/control.sock` of the same machine. */
  | { socketPath: string; token?: string }
  /** `http://localhost:7080`, through the edge. */
  | { baseUrl: string; token?: string };

/**
 * A client of the control plane's API. Every method rejects with `ApiError` (the API's code, message and hint) or
 * `ControlUnreachableError`; a stream throws them while it is iterated, and ends its request when it is left.
 *
 * @example
 * const client = createControlClient({ socketPath: layout.controlSocket, token });
 * for await (const event of client.followDeployment({ deployment: "ab3de5fgh" })) console.log(event.type);
 */
export function createControlClient(address: ControlAddress): ControlClient {
  const methods = Object.entries(contract as Record<string, Route>)
    .filter(([, { kind }]) => kind !== "events" && kind !== "text")
    .map(([name, route]) => [name, method(address, route)]);
  return Object.fromEntries(methods) as ControlClient;
}

type Input = Record<string, unknown>;

function method(address: ControlAddress, route: Route) {
  if (route.kind === "upload") {
    return async (input: Input, bytes: Blob | ReadableStream, options: CallOptions = {}) => {
      const response = await send(address, route, input, { body: bytes, signal: options.signal });
      return await response.json();
    };
  }
  if (route.kind === "stream") {
    return async function* (input: Input, options: CallOptions = {}) {
      const left = new AbortController();
      const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
      try {
        const response = await send(address, route, input, { signal });
        yield* linesOf(response, address, signal);
      } finally {
        left.abort();
      }
    };
  }
  return async (input: Input = {}, options: CallOptions = {}) => {
    const response = await send(address, route, input, { signal: options.signal });
    return await response.json();
  };
}

async function* linesOf(
  response: Response,
  address: ControlAddress,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, void> {
  try {
    yield* readEventLines(response.body!);
  } catch (error) {
    if (signal.aborted || error instanceof ApiError) throw error;
    throw new ControlUnreachableError(shown(address), { cause: error });
  }
}

async function send(
  address: ControlAddress,
  route: Route,
  input: Input,
  given: { body?: Blob | ReadableStream; signal?: AbortSignal | undefined },
): Promise<Response> {
  const { path, rest } = fillPath(route.path, input);
  const headers = new Headers({
    accept: route.kind === "stream" ? "application/x-ndjson" : "application/json",
  });
  if (address.token) headers.set("authorization", `Bearer ${address.token}`);
  let body: Blob | ReadableStream | string | undefined = given.body;
  let query = "";
  if (route.body) {
    body = JSON.stringify(rest);
    headers.set("content-type", "application/json");
  } else {
    query = new URLSearchParams(
      Object.entries(rest).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)] as [string, string]],
      ),
    ).toString();
  }
  const onSocket = "socketPath" in address;
  const origin = onSocket ? "http://localhost" : address.baseUrl.replace(/\/+$/, "");
  let response: Response;
  try {
    response = await fetch(`${origin}${path}${query && `?${query}`}`, {
      method: route.method,
      headers,
      body: body ?? null,
      signal: given.signal ?? null,
      ...(onSocket ? { unix: address.socketPath } : {}),
      // Builds may be silent for minutes.
      timeout: false,
    } as RequestInit);
  } catch (error) {
    if (given.signal?.aborted) throw error;
    throw new ControlUnreachableError(shown(address), { cause: error });
  }
  if (!response.ok) throw await apiError(response);
  return response;
}

const shown = (address: ControlAddress): string =>
  "socketPath" in address ? address.socketPath : address.baseUrl;

async function apiError(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text);
    if (typeof error?.code === "string") return new ApiError(error, response.status);
  } catch {
    // Not ours: an edge that cannot reach control, or another server on this port.
  }
  return new ApiError(
    { code: "unexpected_answer", message: `The API answered with status ${response.status} and no reason` },
    response.status,
  );
}

function fillPath(template: string, input: Input): { path: string; rest: Input } {
  const rest = { ...input };
  const path = template.replace(/:(\w+)/g, (_match, name: string) => {
    const value = rest[name];
    if (typeof value !== "string" || value === "")
      throw new InvalidValueError(`The parameter ${name} is missing`);
    delete rest[name];
    return encodeURIComponent(value);
  });
  return { path, rest };
}
