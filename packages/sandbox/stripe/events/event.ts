import type Stripe from "stripe";
import { apiVersion } from "../credentials.ts";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Wire } from "../objects/wire.ts";

export interface EventRecord extends Recorded {
  type: string;
  /** As it was at the time. */
  object: Record<string, unknown>;
  previous?: Record<string, unknown>;
  request: { id: string | null; idempotency_key: string | null };
  /** Endpoints that have not taken it yet. */
  pending: number;
}

export const eventsKind: Kind<EventRecord> = {
  object: "event",
  title: "event",
  prefix: "evt",
  idLength: 24,
  path: "/v1/events",
  keep: 5_000,
  render: ({ id, created, type, object, previous, request, pending }) =>
    ({
      ...{ id, object: "event", api_version: apiVersion, created },
      data: { object, ...(previous && { previous_attributes: previous }) },
      ...{ livemode: false, pending_webhooks: pending, request },
      type: type as Stripe.EventBase["type"],
    }) satisfies Wire<Stripe.EventBase>,
};
