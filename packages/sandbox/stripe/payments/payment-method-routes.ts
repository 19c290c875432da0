import type { TwinRoute } from "../../provider/provider.ts";
import { customers } from "../customers/customer.ts";
import { readAddress } from "../customers/customer-routes.ts";
import { list, nothing, operation, retrieve } from "../operation.ts";
import { missing, type Parameters } from "../parameters/parameters.ts";
import { invalid, unsupported } from "../stripe-error.ts";
import { attach, methodOf } from "./attach.ts";
import { type BillingDetails, makePaymentMethod, paymentMethods } from "./payment-method.ts";
import { cardOfWish, readCard } from "./read-card.ts";
import { makeSetup, setUp, setupIntents } from "./setup-intent.ts";

function readBilling(params: Parameters): Partial<BillingDetails> | undefined {
  const given = params.record("billing_details");
  if (!given) return undefined;
  const address = given.record("address");
  const fields = {
    ...{ email: given.nullable("email"), name: given.nullable("name"), phone: given.nullable("phone") },
    address: address && readAddress(address),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const empty: BillingDetails = { address: null, email: null, name: null, phone: null };

function requireCard(params: Parameters): void {
  const type = params.text("type") ?? "card";
  if (type !== "card") throw unsupported(`payment methods of the type ${type}`, "type");
  params.ignore("allow_redisplay", "radar_options");
}

/** https://docs.stripe.com/api/payment_methods */
export const paymentMethodRoutes: TwinRoute[] = [
  operation(
    "POST",
    paymentMethods.path,
    (params) => {
      requireCard(params);
      const card = params.record("card");
      if (!card) throw missing("card");
      return { card: readCard(card), billing: readBilling(params), metadata: params.metadata() };
    },
    ({ tx, wish, isBrowser }) => {
      const card = cardOfWish(wish.card, isBrowser, tx.nowS());
      const billing = { ...empty, ...wish.billing };
      return tx.render(paymentMethods, makePaymentMethod(tx, { ...card, billing, metadata: wish.metadata }));
    },
  ),
  retrieve(paymentMethods),
  list(paymentMethods, (params) => {
    const [customer, type] = [params.text("customer"), params.text("type")];
    return (method) => (type ?? "card") === "card" && customer !== undefined && method.customer === customer;
  }),
  operation(
    "POST",
    `${paymentMethods.path}/:id`,
    (params) => {
      const card = params.record("card");
      params.ignore("allow_redisplay");
      return {
        month: card?.integer("exp_month", 1, 12),
        year: card?.integer("exp_year"),
        billing: readBilling(params),
        metadata: params.metadataChange(),
      };
    },
    ({ tx, id, wish }) => {
      const method = tx.get(paymentMethods, id);
      if (method.customer === null)
        throw invalid(
          "You must save this PaymentMethod to a customer before you can update it.",
          "payment_method",
        );
      method.month = wish.month ?? method.month;
      method.year = wish.year ?? method.year;
      method.billing = { ...method.billing, ...wish.billing };
      method.metadata = wish.metadata(method.metadata);
      tx.put(paymentMethods, method);
      tx.emit("payment_method.updated", paymentMethods, method);
      return tx.render(paymentMethods, method);
    },
  ),
  operation(
    "POST",
    `${paymentMethods.path}/:id/attach`,
    (params) => params.required("customer"),
    ({ tx, id, wish }) => tx.render(paymentMethods, attach(tx, id, tx.get(customers, wish, "customer"))),
  ),
  operation("POST", `${paymentMethods.path}/:id/detach`, nothing, ({ tx, id }) => {
    const method = tx.get(paymentMethods, id);
    if (method.customer === null)
      throw invalid(
        "The payment method you provided is not attached to a customer so detachment is impossible.",
      );
    const customer = tx.find(customers, method.customer);
    if (customer?.defaultPaymentMethod === id) tx.put(customers, { ...customer, defaultPaymentMethod: null });
    tx.put(paymentMethods, Object.assign(method, { customer: null }));
    tx.emit("payment_method.detached", paymentMethods, method);
    return tx.render(paymentMethods, method);
  }),
];

function readSetup(params: Parameters) {
  params.ignore(
    "automatic_payment_methods",
    "payment_method_types",
    "payment_method_options",
    "use_stripe_sdk",
    "mandate_data",
  );
  return {
    customer: params.text("customer"),
    description: params.nullable("description"),
    usage: params.oneOf("usage", ["off_session", "on_session"]),
    method: params.text("payment_method"),
    returnUrl: params.text("return_url"),
    metadata: params.metadataChange(),
  };
}

/** https://docs.stripe.com/api/setup_intents */
export const setupIntentRoutes: TwinRoute[] = [
  operation(
    "POST",
    setupIntents.path,
    (params) => ({ ...readSetup(params), confirm: params.flag("confirm") ?? false }),
    ({ tx, wish }) => {
      const customer = wish.customer === undefined ? undefined : tx.get(customers, wish.customer, "customer");
      const method = wish.method === undefined ? undefined : methodOf(tx, wish.method);
      if (wish.confirm && !method) throw missing("payment_method");
      const setup = makeSetup(tx, {
        ...{
          customer: customer?.id ?? null,
          method: method?.id ?? null,
          description: wish.description ?? null,
        },
        ...{
          usage: wish.usage ?? "off_session",
          returnUrl: wish.returnUrl ?? null,
          metadata: wish.metadata({}),
        },
        ...(customer?.clock !== undefined && { clock: customer.clock }),
      });
      const failure = wish.confirm ? setUp(tx, setup, method!) : undefined;
      if (failure) throw failure;
      return tx.render(setupIntents, setup);
    },
  ),
  operation(
    "GET",
    `${setupIntents.path}/:id`,
    (params) => params.ignore("client_secret"),
    ({ tx, id }) => tx.render(setupIntents, tx.get(setupIntents, id)),
  ),
  list(setupIntents, (params) => {
    const customer = params.text("customer");
    return (setup) => customer === undefined || setup.customer === customer;
  }),
  operation("POST", `${setupIntents.path}/:id/confirm`, readSetup, ({ tx, id, wish }) => {
    const setup = tx.get(setupIntents, id);
    const method = wish.method ?? setup.method;
    if (setup.status === "succeeded" || setup.status === "canceled")
      throw invalid(
        `You cannot confirm this SetupIntent because it has a status of ${setup.status}.`,
        undefined,
        "setup_intent_unexpected_state",
      );
    if (method === null) throw missing("payment_method");
    if (wish.returnUrl !== undefined) setup.returnUrl = wish.returnUrl;
    const failure = setUp(tx, setup, methodOf(tx, method));
    if (failure) throw failure;
    return tx.render(setupIntents, setup);
  }),
  operation(
    "POST",
    `${setupIntents.path}/:id/cancel`,
    (params) => params.ignore("cancellation_reason"),
    ({ tx, id }) => {
      const setup = tx.get(setupIntents, id);
      if (setup.status === "succeeded" || setup.status === "canceled")
        throw invalid(
          `You cannot cancel this SetupIntent because it has a status of ${setup.status}.`,
          undefined,
          "setup_intent_unexpected_state",
        );
      tx.put(setupIntents, Object.assign(setup, { status: "canceled" }));
      tx.emit("setup_intent.canceled", setupIntents, setup);
      return tx.render(setupIntents, setup);
    },
  ),
];
