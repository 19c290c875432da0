import type { TwinRoute } from "../../provider/provider.ts";
import { afterPayment } from "../billing/after-payment.ts";
import { customers } from "../customers/customer.ts";
import type { Transaction } from "../objects/transaction.ts";
import { list, operation, searchable } from "../operation.ts";
import { missing, type Parameters } from "../parameters/parameters.ts";
import { invalid, unsupported } from "../stripe-error.ts";
import { methodOf } from "./attach.ts";
import { charges } from "./charge.ts";
import { pay, requireStatus } from "./pay.ts";
import { intents, makeIntent, type PaymentIntentRecord } from "./payment-intent.ts";

function readIntent(params: Parameters) {
  params.ignore(
    "automatic_payment_methods",
    "payment_method_options",
    "payment_method_types",
    "error_on_requires_action",
  );
  params.ignore("use_stripe_sdk", "mandate_data", "shipping", "radar_options", "statement_descriptor_suffix");
  for (const name of ["transfer_data", "application_fee_amount", "on_behalf_of"])
    if (params.has(name)) throw unsupported("Connect", name);
  const currency = params.text("currency")?.toLowerCase();
  if (currency !== undefined && !/^[a-z]{3}$/.test(currency))
    throw invalid(`Invalid currency: ${currency}`, "currency");
  return {
    fields: {
      amount: params.integer("amount", 1),
      currency,
      customer: params.nullable("customer"),
      captureMethod: params.oneOf("capture_method", ["automatic", "automatic_async", "manual"]),
      confirmationMethod: params.oneOf("confirmation_method", ["automatic", "manual"]),
      description: params.nullable("description"),
      receiptEmail: params.nullable("receipt_email"),
      statementDescriptor: params.nullable("statement_descriptor"),
      setupFutureUsage: params.oneOf("setup_future_usage", ["off_session", "on_session"]),
    },
    method: params.text("payment_method"),
    returnUrl: params.text("return_url"),
    metadata: params.metadataChange(),
  };
}

type IntentWish = ReturnType<typeof readIntent>;

const readConfirm = (params: Parameters) => ({
  ...readIntent(params),
  // A recurring reason counts as off session, too.
  offSession: params.has("off_session") && params.text("off_session") !== "false",
});

function change(
  tx: Transaction,
  intent: PaymentIntentRecord,
  { fields, method, returnUrl, metadata }: IntentWish,
): void {
  if (fields.customer != null) tx.get(customers, fields.customer, "customer");
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) Object.assign(intent, { [name]: value });
  if (method !== undefined) {
    intent.method = ownMethod(tx, intent, method);
    if (intent.status === "requires_payment_method") intent.status = "requires_confirmation";
  }
  if (returnUrl !== undefined) intent.returnUrl = returnUrl;
  intent.metadata = metadata(intent.metadata);
  tx.put(intents, intent);
}

function ownMethod(tx: Transaction, { customer }: Pick<PaymentIntentRecord, "customer">, id: string): string {
  const method = methodOf(tx, id);
  if (method.customer !== null && method.customer !== customer)
    throw invalid(
      `The PaymentMethod ${method.id} does not belong to the Customer you supplied. Please use a PaymentMethod that belongs to this Customer.`,
      "payment_method",
    );
  return method.id;
}

/** @throws StripeFailure where the card is declined */
function confirm(tx: Transaction, intent: PaymentIntentRecord, offSession: boolean): void {
  requireStatus(intent, "confirmed", "requires_payment_method", "requires_confirmation", "requires_action");
  if (intent.method === null)
    throw invalid(
      "You cannot confirm this PaymentIntent because it's missing a payment method. Update the PaymentIntent with a payment method and then confirm it again.",
      undefined,
      "payment_intent_unexpected_state",
    );
  const failure = pay(tx, intent, methodOf(tx, intent.method), { offSession });
  afterPayment(tx, intent);
  if (failure) throw failure;
}

/** https://docs.stripe.com/api/payment_intents */
export const paymentIntentRoutes: TwinRoute[] = [
  operation(
    "POST",
    intents.path,
    (params) => {
      const wish = { ...readConfirm(params), confirm: params.flag("confirm") ?? false };
      if (wish.fields.amount === undefined) throw missing("amount");
      if (wish.fields.currency === undefined) throw missing("currency");
      return wish;
    },
    ({ tx, wish }) => {
      const { amount, currency, customer } = wish.fields;
      const clock = customer == null ? undefined : tx.get(customers, customer, "customer").clock;
      const method =
        wish.method === undefined ? null : ownMethod(tx, { customer: customer ?? null }, wish.method);
      const given = Object.fromEntries(
        Object.entries(wish.fields).filter(([, value]) => value !== undefined),
      );
      const intent = makeIntent(tx, {
        ...{ ...given, amount: amount!, currency: currency!, method, metadata: wish.metadata({}) },
        ...{ returnUrl: wish.returnUrl ?? null, ...(clock !== undefined && { clock }) },
      });
      if (wish.confirm) confirm(tx, intent, wish.offSession);
      return tx.render(intents, intent);
    },
  ),
  searchable(intents),
  operation(
    "GET",
    `${intents.path}/:id`,
    (params) => params.ignore("client_secret"),
    ({ tx, id }) => tx.render(intents, tx.get(intents, id)),
  ),
  list(intents, (params) => {
    const customer = params.text("customer");
    return (intent) => customer === undefined || intent.customer === customer;
  }),
  operation("POST", `${intents.path}/:id`, readIntent, ({ tx, id, wish }) => {
    const intent = tx.get(intents, id);
    requireStatus(intent, "updated", "requires_payment_method", "requires_confirmation", "requires_action");
    change(tx, intent, wish);
    return tx.render(intents, intent);
  }),
  operation("POST", `${intents.path}/:id/confirm`, readConfirm, ({ tx, id, wish }) => {
    const intent = tx.get(intents, id);
    requireStatus(intent, "confirmed", "requires_payment_method", "requires_confirmation", "requires_action");
    change(tx, intent, wish);
    confirm(tx, intent, wish.offSession);
    return tx.render(intents, intent);
  }),
  operation(
    "POST",
    `${intents.path}/:id/capture`,
    (params) => params.integer("amount_to_capture", 1),
    ({ tx, id, wish }) => {
      const intent = tx.get(intents, id);
      requireStatus(intent, "captured", "requires_capture");
      const amount = wish ?? intent.amount;
      if (amount > intent.amount)
        throw invalid("The amount to capture is greater than the authorized amount.", "amount_to_capture");
      const charge = tx.get(charges, intent.latestCharge!);
      tx.put(charges, Object.assign(charge, { captured: amount, isCaptured: true }));
      tx.emit("charge.captured", charges, charge);
      tx.put(intents, Object.assign(intent, { status: "succeeded", received: amount }));
      tx.emit("payment_intent.succeeded", intents, intent);
      return tx.render(intents, intent);
    },
  ),
  operation(
    "POST",
    `${intents.path}/:id/cancel`,
    (params) =>
      params.oneOf("cancellation_reason", [
        "abandoned",
        "duplicate",
        "fraudulent",
        "requested_by_customer",
      ]) ?? null,
    ({ tx, id, wish }) => {
      const intent = tx.get(intents, id);
      requireStatus(
        ...([
          intent,
          "canceled",
          "requires_payment_method",
          "requires_confirmation",
          "requires_action",
          "requires_capture",
        ] as const),
      );
      const canceledAt = tx.nowS(intent.clock);
      tx.put(intents, Object.assign(intent, { status: "canceled", canceledAt, cancellationReason: wish }));
      tx.emit("payment_intent.canceled", intents, intent);
      return tx.render(intents, intent);
    },
  ),
];
