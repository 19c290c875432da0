import type Stripe from "stripe";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Wire } from "../objects/wire.ts";

/** A time of its own for some customers: https://docs.stripe.com/billing/testing/test-clocks */
export interface ClockRecord extends Recorded {
  name: string | null;
  frozenS: number;
  /** It is on its way there. */
  targetS?: number;
}

const keptForS = 30 * 86_400;

export const clocks: Kind<ClockRecord> = {
  object: "test_helpers.test_clock",
  title: "test_clock",
  prefix: "clock",
  idLength: 24,
  path: "/v1/test_helpers/test_clocks",
  render: ({ id, created, name, frozenS, targetS }) =>
    ({
      ...{ id, object: "test_helpers.test_clock", created, deletes_after: created + keptForS },
      ...{ frozen_time: frozenS, livemode: false, name },
      status: targetS === undefined ? "ready" : "advancing",
      status_details: targetS === undefined ? {} : { advancing: { target_frozen_time: targetS } },
    }) satisfies Wire<Stripe.TestHelpers.TestClock>,
};
