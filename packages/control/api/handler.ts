import type { z } from "zod";
import type { Caller } from "../tokens/caller.ts";
import type { Contract, Route, RouteName } from "./contract/index.ts";
import type { RequestSide } from "./request-side.ts";

type Read<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

export interface Given<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  /** The body of an upload. */
  bytes: ReadableStream<Uint8Array>;
  caller: Caller;
  /** The header `Accept`. */
  accept?: string | undefined;
  /** Of a viewer of events that comes back. */
  lastEventId?: string | undefined;
  request: RequestSide;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
}

type ReplyOf<Kind, Reply> = Kind extends "stream"
  ? AsyncIterable<Reply>
  : Kind extends "events"
    ? ReadableStream<Uint8Array>
    : Reply;

export type Handler<Name extends RouteName> =
  Contract[Name] extends Route<infer Params, infer Query, infer Body, infer Reply, infer Kind>
    ? (
        given: Given<Read<Params>, Read<Query>, Read<Body>>,
      ) => Promise<ReplyOf<Kind, Reply>> | ReplyOf<Kind, Reply>
    : never;

/** One per route: a route without a handler does not compile. */
export type Handlers = { [Name in RouteName]: Handler<Name> };
export type HandlersOf<Routes> = { [Name in RouteName & keyof Routes]: Handler<Name> };
