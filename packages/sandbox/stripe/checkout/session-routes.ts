import type { TwinRoute } from "../../provider/provider.ts";
import { checkItems } from "../billing/change-subscription.ts";
import { prices } from "../catalog/price.ts";
import { makePrice, type PriceWish, readPriceData } from "../catalog/read-price.ts";
import { nextId, nextSecretId } from "../credentials.ts";
import { customers } from "../customers/customer.ts";
import { list, nothing, operation, retrieve } from "../operation.ts";
import { missing, type Parameters } from "../parameters/parameters.ts";
import { invalid, unsupported } from "../stripe-error.ts";
import { amountOfSession, type SessionLine, type SessionRecord, sessionLines, sessions } from "./session.ts";

const halfHourS = 1_800;
const dayS = 86_400;
const mostLines = 100;

/** They change what a person is asked, not what comes of it. */
const harmless = [
  "billing_address_collection",
  "branding_settings",
  "consent_collection",
  "customer_update",
  "name_collection",
  "payment_method_options",
  "payment_method_types",
  "phone_number_collection",
  "saved_payment_method_options",
  "submit_type",
  "custom_text",
  "redirect_on_completion",
  "adaptive_pricing",
  "after_expiration",
  "permissions",
  "wallet_options",
  "origin_context",
];
const refused = [
  "discounts",
  "shipping_address_collection",
  "shipping_options",
  "custom_fields",
  "optional_items",
  "invoice_creation",
  "payment_intent_data[transfer_data]",
  "return_url",
];

function refuseOthers(params: Parameters): void {
  params.ignore(...harmless);
  for (const name of refused) if (params.has(name)) throw unsupported(`${name} in Checkout`, name);
  if (params.flag("allow_promotion_codes")) throw unsupported("promotion codes", "allow_promotion_codes");
  if (params.record("automatic_tax")?.flag("enabled")) throw unsupported("taxes", "automatic_tax[enabled]");
  if (params.record("tax_id_collection")?.flag("enabled"))
    throw unsupported("tax ids", "tax_id_collection[enabled]");
  const ui = params.text("ui_mode");
  if (ui !== undefined && ui !== "hosted" && ui !== "hosted_page")
    throw unsupported(
      "embedded Checkout, which needs Stripe's own scripts in the browser; use the hosted page",
      "ui_mode",
    );
}

interface LineWish {
  price: string | undefined;
  data: PriceWish | undefined;
  quantity: number;
}

function readLines(params: Parameters): LineWish[] {
  const lines = params.records("line_items") ?? [];
  if (lines.length > mostLines)
    throw invalid(`Checkout takes ${mostLines} line items at most.`, "line_items");
  return lines.map((line) => {
    line.ignore("adjustable_quantity");
    if (line.has("tax_rates") || line.has("dynamic_tax_rates"))
      throw unsupported("taxes", line.name("tax_rates"));
    const data = line.record("price_data");
    const price = line.text("price");
    if (price === undefined && !data) throw missing(line.name("price"));
    return { price, data: data && readPriceData(data), quantity: line.integer("quantity", 1) ?? 1 };
  });
}

function readInner(params: Parameters, mode: SessionRecord["mode"]): SessionRecord["inner"] {
  const name = {
    payment: "payment_intent_data",
    subscription: "subscription_data",
    setup: "setup_intent_data",
  }[mode];
  const data = params.record(name);
  data?.ignore(
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "billing_mode",
    "proration_behavior",
  );
  const missingMethod = data
    ?.record("trial_settings")
    ?.record("end_behavior")
    ?.oneOf("missing_payment_method", ["create_invoice", "cancel", "pause"]);
  if (missingMethod === "pause")
    throw unsupported("paused subscriptions", "subscription_data[trial_settings]");
  const isSubscription = mode === "subscription";
  return {
    ...{ metadata: data?.metadata() ?? {}, description: data?.nullable("description") ?? null },
    trialEnd: (isSubscription ? data?.integer("trial_end") : undefined) ?? null,
    trialDays: (isSubscription ? data?.integer("trial_period_days", 1, 730) : undefined) ?? null,
    captureMethod:
      data?.oneOf("capture_method", ["automatic", "automatic_async", "manual"]) === "manual"
        ? "manual"
        : "automatic_async",
    setupFutureUsage:
      data?.oneOf<"off_session" | "on_session">("setup_future_usage", ["off_session", "on_session"]) ?? null,
    withoutMethod: missingMethod ?? "create_invoice",
  };
}

function url(params: Parameters, name: string): string | null {
  const text = params.text(name);
  if (text === undefined) return null;
  if (/^https?:\/\/[^/]/.test(text) && URL.canParse(text)) return text;
  throw invalid("Not a valid URL", name, "url_invalid");
}

/** https://docs.stripe.com/api/checkout/sessions */
export const sessionRoutes: TwinRoute[] = [
  operation(
    "POST",
    sessions.path,
    (params) => {
      refuseOthers(params);
      const lines = readLines(params);
      const mode = params.oneOf("mode", ["payment", "subscription", "setup"]) ?? "setup";
      const successUrl = url(params, "success_url");
      if (successUrl === null) throw missing("success_url");
      if (mode !== "setup" && lines.length === 0) throw missing("line_items");
      return {
        ...{ lines, mode, successUrl, cancelUrl: url(params, "cancel_url"), inner: readInner(params, mode) },
        customer: params.text("customer") ?? null,
        customerEmail: params.text("customer_email") ?? null,
        makesCustomer: params.oneOf("customer_creation", ["always", "if_required"]) === "always",
        reference: params.text("client_reference_id") ?? null,
        currency: params.text("currency")?.toLowerCase() ?? null,
        expiresAt: params.integer("expires_at"),
        methodCollection: params.oneOf("payment_method_collection", ["always", "if_required"]) ?? "always",
        locale: params.text("locale") ?? null,
        metadata: params.metadata(),
      };
    },
    ({ tx, wish: { lines, expiresAt, ...wish } }) => {
      if (wish.customer !== null && wish.customerEmail !== null)
        throw invalid("You may only specify one of these parameters: customer, customer_email.", "customer");
      const clock = wish.customer === null ? undefined : tx.get(customers, wish.customer, "customer").clock;
      const created = tx.nowS();
      const expires = expiresAt ?? created + dayS;
      if (expires < created + halfHourS || expires > created + dayS)
        throw invalid(
          "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
          "expires_at",
        );
      for (const { price } of lines) if (price !== undefined) tx.get(prices, price, "line_items[0][price]");
      const made = lines.map(
        (line): SessionLine => ({
          ...{ id: nextId(tx.account, "li", 24), quantity: line.quantity },
          price: line.price ?? makePrice(tx, line.data!).id,
        }),
      );
      checkLines(
        made.map(({ price }) => tx.get(prices, price)),
        wish.mode,
      );
      if (wish.mode === "subscription") checkItems(tx, made);
      const session = tx.put(sessions, {
        ...{ id: nextSecretId(tx.account, sessions.prefix), created, status: "open", lines: made, ...wish },
        currency: made.length > 0 ? tx.get(prices, made[0]!.price).currency : wish.currency,
        ...{
          expiresAt: expires,
          details: null,
          isNewCustomer: false,
          paid: false,
          intent: null,
          setup: null,
          subscription: null,
          invoice: null,
        },
        ...(clock !== undefined && { clock }),
      });
      if (wish.mode === "payment" && amountOfSession(tx, session) === 0)
        throw invalid("The total amount of a payment must be more than nothing.", "line_items");
      tx.later("session.expire", expires, { id: session.id });
      return tx.render(sessions, session);
    },
  ),
  retrieve(sessions),
  list(sessions, (params) => {
    const [customer, intent, subscription] = ["customer", "payment_intent", "subscription"].map((name) =>
      params.text(name),
    );
    const status = params.text("status");
    return (session) =>
      (customer === undefined || session.customer === customer) &&
      (intent === undefined || session.intent === intent) &&
      (subscription === undefined || session.subscription === subscription) &&
      (status ?? session.status) === session.status;
  }),
  operation(
    "GET",
    `${sessions.path}/:id/line_items`,
    (params) => params.ignore("limit"),
    ({ tx, id }) => sessionLines(tx, tx.get(sessions, id)),
  ),
  operation("POST", `${sessions.path}/:id/expire`, nothing, ({ tx, id }) => {
    const session = tx.get(sessions, id);
    if (session.status !== "open")
      throw invalid(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
      );
    tx.put(sessions, Object.assign(session, { status: "expired" }));
    tx.emit("checkout.session.expired", sessions, session);
    return tx.render(sessions, session);
  }),
];

function checkLines(
  used: { recurring: unknown; currency: string; active: boolean }[],
  mode: SessionRecord["mode"],
): void {
  if (mode === "payment" && used.some(({ recurring }) => recurring !== null))
    throw invalid(
      "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.",
      "line_items",
    );
  if (mode === "subscription" && used.some(({ recurring }) => recurring === null))
    throw used.some(({ recurring }) => recurring !== null)
      ? unsupported("one-time prices beside a subscription in Checkout", "line_items")
      : invalid(
          "You must provide at least one recurring price in `subscription` mode when using prices.",
          "line_items",
        );
  if (used.some(({ currency }) => currency !== used[0]!.currency))
    throw invalid("All prices of a Checkout Session have to have the same currency.", "line_items");
  if (used.some(({ active }) => !active)) throw invalid("The price specified is inactive.", "line_items");
}
