import type Stripe from "stripe";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";

export const intervals = ["day", "week", "month", "year"] as const;

export interface Recurring {
  interval: (typeof intervals)[number];
  count: number;
}

export interface PriceRecord extends Recorded {
  product: string;
  currency: string;
  /** In the currency's smallest unit. */
  amount: number;
  recurring: Recurring | null;
  active: boolean;
  nickname: string | null;
  lookupKey: string | null;
  taxBehavior: "exclusive" | "inclusive" | "unspecified";
  metadata: Metadata;
}

export const prices: Kind<PriceRecord> = {
  object: "price",
  title: "price",
  prefix: "price",
  idLength: 24,
  path: "/v1/prices",
  render: renderPrice,
};

export function renderPrice(price: PriceRecord) {
  return {
    ...{
      id: price.id,
      object: "price",
      active: price.active,
      billing_scheme: "per_unit",
      created: price.created,
    },
    ...{ currency: price.currency, custom_unit_amount: null, livemode: false, lookup_key: price.lookupKey },
    ...{ metadata: price.metadata, nickname: price.nickname, product: price.product },
    recurring: price.recurring && {
      ...{ interval: price.recurring.interval, interval_count: price.recurring.count },
      ...{ meter: null, trial_period_days: null, usage_type: "licensed" },
    },
    ...{ tax_behavior: price.taxBehavior, tiers_mode: null, transform_quantity: null },
    type: price.recurring ? "recurring" : "one_time",
    ...{ unit_amount: price.amount, unit_amount_decimal: String(price.amount) },
  } satisfies Wire<Stripe.Price>;
}

/** What subscriptions showed before there were prices, and show still. */
export function renderPlan(price: PriceRecord) {
  return {
    ...{ id: price.id, object: "plan", active: price.active, amount: price.amount },
    ...{ amount_decimal: String(price.amount), billing_scheme: "per_unit", created: price.created },
    ...{ currency: price.currency, interval: price.recurring?.interval ?? "month" },
    ...{
      interval_count: price.recurring?.count ?? 1,
      livemode: false,
      metadata: price.metadata,
      meter: null,
    },
    ...{ nickname: price.nickname, product: price.product, tiers_mode: null, transform_usage: null },
    ...{ trial_period_days: null, usage_type: "licensed" },
  } satisfies Wire<Stripe.Plan>;
}

/** The end of the n-th interval after an anchor, in seconds. The 31st is the last day where a month has none. */
export function intervalEnd(anchorS: number, { interval, count }: Recurring, n: number): number {
  const step = count * n;
  if (interval === "day" || interval === "week")
    return anchorS + step * (interval === "day" ? 86_400 : 604_800);
  const anchor = new Date(anchorS * 1_000);
  const months = anchor.getUTCMonth() + step * (interval === "month" ? 1 : 12);
  const lastDay = new Date(Date.UTC(anchor.getUTCFullYear(), months + 1, 0)).getUTCDate();
  const end = new Date(anchor);
  end.setUTCFullYear(anchor.getUTCFullYear(), months, Math.min(anchor.getUTCDate(), lastDay));
  return Math.floor(end.getTime() / 1_000);
}
