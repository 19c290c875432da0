import type { TwinRoute } from "../../provider/provider.ts";
import { makePrice, type PriceWish, readPriceData } from "../catalog/read-price.ts";
import { customers } from "../customers/customer.ts";
import { differences } from "../customers/customer-routes.ts";
import { embedded } from "../objects/list.ts";
import type { Transaction } from "../objects/transaction.ts";
import { list, operation, retrieve, searchable } from "../operation.ts";
import { missing, type Parameters } from "../parameters/parameters.ts";
import { paymentMethods } from "../payments/payment-method.ts";
import { invalid, noSuch, unsupported } from "../stripe-error.ts";
import { changeItems, checkItems, type ItemChange, type ProrationBehavior } from "./change-subscription.ts";
import {
  type ItemRecord,
  isEnded,
  renderItem,
  type SubscriptionRecord,
  subscriptions,
} from "./subscription.ts";
import { endSubscription, endTrial, makeSubscription, planPeriod } from "./subscription-life.ts";

const prorations = ["create_prorations", "always_invoice", "none"] as const;
const longestTrialS = 2 * 365 * 86_400;

function refuseOthers(params: Parameters): void {
  for (const name of [
    "coupon",
    "promotion_code",
    "discounts",
    "default_tax_rates",
    "add_invoice_items",
    "transfer_data",
    "pause_collection",
    "billing_cycle_anchor_config",
    "cancel_at",
    "billing_thresholds",
  ])
    if (params.has(name) && params.text(name) !== "") throw unsupported(`${name} of subscriptions`, name);
  if (params.oneOf("collection_method", ["charge_automatically", "send_invoice"]) === "send_invoice")
    throw unsupported("subscriptions whose invoices are sent", "collection_method");
  if (params.record("automatic_tax")?.flag("enabled")) throw unsupported("taxes", "automatic_tax[enabled]");
  params.ignore("billing_mode", "off_session", "enable_incomplete_payments", "proration_date");
}

function readSettings(params: Parameters) {
  refuseOthers(params);
  const settings = params.record("payment_settings");
  settings?.ignore("payment_method_options", "payment_method_types");
  const endBehavior = params.record("trial_settings")?.record("end_behavior");
  const withoutMethod = endBehavior?.oneOf("missing_payment_method", ["create_invoice", "cancel", "pause"]);
  if (withoutMethod === "pause") throw unsupported("paused subscriptions", "trial_settings[end_behavior]");
  const saves = settings?.oneOf("save_default_payment_method", ["on_subscription", "off"]);
  const fields = {
    defaultMethod: params.nullable("default_payment_method"),
    cancelAtPeriodEnd: params.flag("cancel_at_period_end"),
    description: params.nullable("description"),
    savesMethod: saves === undefined ? undefined : saves === "on_subscription",
    withoutMethod: withoutMethod as SubscriptionRecord["withoutMethod"] | undefined,
  };
  return {
    fields: Object.fromEntries(
      Object.entries(fields).filter(([, value]) => value !== undefined),
    ) as Partial<SubscriptionRecord>,
    metadata: params.metadataChange(),
    trialEnd: params.text("trial_end") === "now" ? ("now" as const) : params.integer("trial_end"),
    prorationBehavior:
      params.oneOf<ProrationBehavior>("proration_behavior", prorations) ?? "create_prorations",
    behavior: params.oneOf("payment_behavior", [
      "allow_incomplete",
      "default_incomplete",
      "error_if_incomplete",
    ]),
  };
}

function readItem(item: Parameters): ItemChange & { data: PriceWish | undefined } {
  for (const name of ["tax_rates", "discounts", "billing_thresholds"])
    if (item.has(name) && item.text(name) !== "") throw unsupported(`${name} of items`, item.name(name));
  const data = item.record("price_data");
  return {
    ...{
      id: item.text("id"),
      price: item.text("price") ?? item.text("plan"),
      deleted: item.flag("deleted") ?? false,
    },
    quantity: item.integer("quantity"),
    data: data && readPriceData(data),
    metadata: item.metadataChange(),
  };
}

/** Prices that are given as data become prices. */
const withPrices = (tx: Transaction, items: ReturnType<typeof readItem>[]): ItemChange[] =>
  items.map(({ data, ...item }) => (data ? { ...item, price: makePrice(tx, data).id } : item));

function checkMethod(
  tx: Transaction,
  customer: string,
  { defaultMethod }: Partial<SubscriptionRecord>,
): void {
  if (defaultMethod == null) return;
  if (tx.get(paymentMethods, defaultMethod, "default_payment_method").customer !== customer)
    throw invalid(
      `The customer does not have a payment method with the ID ${defaultMethod}. The payment method must be attached to the customer.`,
      "default_payment_method",
      "resource_missing",
    );
}

function trialEndOf(
  nowS: number,
  trialEnd: number | "now" | undefined,
  days: number | undefined,
): number | null {
  const end = days === undefined ? trialEnd : nowS + days * 86_400;
  if (end === undefined || end === "now") return null;
  if (end <= nowS) throw invalid("The trial_end must be in the future.", "trial_end");
  if (end - nowS > longestTrialS) throw invalid("Trial periods last two years at most.", "trial_end");
  return end;
}

function change(
  tx: Transaction,
  subscription: SubscriptionRecord,
  wish: ReturnType<typeof readSettings> & { items: ReturnType<typeof readItem>[] | undefined },
): void {
  if (isEnded(subscription))
    throw invalid(
      "A canceled subscription can only update its cancellation_details and metadata.",
      undefined,
      "resource_missing",
    );
  checkMethod(tx, subscription.customer, wish.fields);
  const before = tx.render(subscriptions, subscription);
  const nowS = tx.nowS(subscription.clock);
  const { cancelAtPeriodEnd } = wish.fields;
  Object.assign(subscription, wish.fields, { metadata: wish.metadata(subscription.metadata) });
  if (cancelAtPeriodEnd !== undefined) {
    subscription.canceledAt = cancelAtPeriodEnd ? nowS : null;
    subscription.cancelReason = cancelAtPeriodEnd ? "cancellation_requested" : null;
  }
  tx.put(subscriptions, subscription);
  let failure =
    wish.items && changeItems(tx, subscription, withPrices(tx, wish.items), wish.prorationBehavior);
  if (wish.trialEnd === "now" && subscription.status === "trialing") failure = endTrial(tx, subscription);
  else if (typeof wish.trialEnd === "number") {
    if (subscription.status !== "trialing") throw unsupported("trials that begin later", "trial_end");
    const trialEnd = trialEndOf(nowS, wish.trialEnd, undefined)!;
    tx.put(subscriptions, Object.assign(subscription, { trialEnd, anchorS: trialEnd, periodEnd: trialEnd }));
    planPeriod(tx, subscription);
  }
  const previous = differences(before, tx.render(subscriptions, subscription));
  if (Object.keys(previous).length > 0)
    tx.emit("customer.subscription.updated", subscriptions, subscription, { previous });
  if (failure && wish.behavior === "error_if_incomplete") throw failure;
}

/** The subscription that has an item. @throws StripeFailure */
function ownerOf(tx: Transaction, id: string): { subscription: SubscriptionRecord; item: ItemRecord } {
  for (const subscription of tx.newestFirst(subscriptions)) {
    const item = subscription.items.find((each) => each.id === id);
    if (item) return { subscription, item };
  }
  throw noSuch("subscription_item", id);
}

const noSettings = {
  fields: {},
  trialEnd: undefined,
  behavior: undefined,
  metadata: (known: Record<string, string>) => known,
};

/** https://docs.stripe.com/api/subscriptions and https://docs.stripe.com/api/subscription_items */
export const subscriptionRoutes: TwinRoute[] = [
  operation(
    "POST",
    subscriptions.path,
    (params) => {
      if (params.has("billing_cycle_anchor"))
        throw unsupported("another billing cycle anchor", "billing_cycle_anchor");
      const items = params.records("items")?.map(readItem);
      if (!items || items.length === 0) throw missing("items");
      return {
        ...{ ...readSettings(params), items, customer: params.required("customer") },
        currency: params.text("currency"),
        trialDays: params.integer("trial_period_days", 1, 730),
        offSession: params.flag("off_session") ?? false,
      };
    },
    ({ tx, wish }) => {
      const customer = tx.get(customers, wish.customer, "customer");
      checkMethod(tx, customer.id, wish.fields);
      const items = withPrices(tx, wish.items).map(({ price, quantity = 1, metadata }) => {
        if (price === undefined) throw missing("items[0][price]");
        return { price, quantity, metadata: metadata({}) };
      });
      checkItems(tx, items, wish.currency);
      const subscription = makeSubscription(tx, {
        ...{
          customer: customer.id,
          items,
          behavior: wish.behavior ?? "allow_incomplete",
          offSession: wish.offSession,
        },
        trialEnd: trialEndOf(tx.nowS(customer.clock), wish.trialEnd, wish.trialDays),
        fields: { ...wish.fields, metadata: wish.metadata({}) },
      });
      return tx.render(subscriptions, subscription);
    },
  ),
  searchable(subscriptions),
  retrieve(subscriptions),
  list(subscriptions, (params) => {
    const [customer, price, clock] = [
      params.text("customer"),
      params.text("price"),
      params.text("test_clock"),
    ];
    const status = params.text("status");
    params.ignore("collection_method");
    return (subscription) =>
      (customer ?? subscription.customer) === subscription.customer &&
      (clock === undefined || subscription.clock === clock) &&
      (price === undefined || subscription.items.some((item) => item.price === price)) &&
      (status === "all" ||
        (status === undefined
          ? subscription.status !== "canceled"
          : status === "ended"
            ? isEnded(subscription)
            : subscription.status === status));
  }),
  operation(
    "POST",
    `${subscriptions.path}/:id`,
    (params) => ({ ...readSettings(params), items: params.records("items")?.map(readItem) }),
    ({ tx, id, wish }) => {
      const subscription = tx.get(subscriptions, id);
      change(tx, subscription, wish);
      return tx.render(subscriptions, subscription);
    },
  ),
  operation(
    "DELETE",
    `${subscriptions.path}/:id`,
    (params) => {
      params.ignore("cancellation_details");
      for (const name of ["prorate", "invoice_now"])
        if (params.flag(name)) throw unsupported(`${name} where a subscription is canceled`, name);
    },
    ({ tx, id }) => {
      const subscription = tx.get(subscriptions, id);
      if (isEnded(subscription)) throw noSuch("subscription", id);
      endSubscription(tx, subscription);
      return tx.render(subscriptions, subscription);
    },
  ),
  operation(
    "GET",
    "/v1/subscription_items",
    (params) => {
      params.ignore("limit");
      return params.required("subscription");
    },
    ({ tx, wish }) => {
      const subscription = tx.get(subscriptions, wish, "subscription");
      return embedded(
        subscription.items.map((item) => renderItem(tx, subscription, item)),
        "/v1/subscription_items",
      );
    },
  ),
  operation(
    "POST",
    "/v1/subscription_items/:id",
    (params) => ({
      item: readItem(params),
      prorationBehavior:
        params.oneOf<ProrationBehavior>("proration_behavior", prorations) ?? "create_prorations",
    }),
    ({ tx, id, wish: { item, prorationBehavior } }) => {
      const { subscription } = ownerOf(tx, id);
      change(tx, subscription, { ...noSettings, prorationBehavior, items: [{ ...item, id }] });
      return renderItem(tx, subscription, subscription.items.find((each) => each.id === id)!);
    },
  ),
];
