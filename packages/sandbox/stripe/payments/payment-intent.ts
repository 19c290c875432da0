import type Stripe from "stripe";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Transaction } from "../objects/transaction.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";
import { authenticationUrl } from "./authentication.ts";
import { paymentMethods } from "./payment-method.ts";

export type IntentStatus =
  | "requires_payment_method"
  | "requires_confirmation"
  | "requires_action"
  | "requires_capture"
  | "succeeded"
  | "canceled";

export interface PaymentIntentRecord extends Recorded {
  amount: number;
  received: number;
  currency: string;
  customer: string | null;
  method: string | null;
  status: IntentStatus;
  captureMethod: "automatic" | "automatic_async" | "manual";
  confirmationMethod: "automatic" | "manual";
  description: string | null;
  receiptEmail: string | null;
  statementDescriptor: string | null;
  setupFutureUsage: "off_session" | "on_session" | null;
  latestCharge: string | null;
  lastError: Record<string, unknown> | null;
  /** Where a person goes after authenticating. */
  returnUrl: string | null;
  canceledAt: number | null;
  cancellationReason: "abandoned" | "duplicate" | "fraudulent" | "requested_by_customer" | null;
  /** That it pays. */
  invoice: string | null;
  /** Of Checkout, that it belongs to. */
  session: string | null;
  metadata: Metadata;
}

export const clientSecret = (tx: Transaction, id: string): string =>
  `${id}_secret_${tx.account.secret(`stripe.client ${id}`).slice(0, 25)}`;

export const intents: Kind<PaymentIntentRecord> = {
  object: "payment_intent",
  title: "payment_intent",
  prefix: "pi",
  idLength: 24,
  path: "/v1/payment_intents",
  render: (intent, tx) =>
    ({
      ...{
        id: intent.id,
        object: "payment_intent",
        allowed_payment_method_types: null,
        amount: intent.amount,
      },
      amount_capturable: intent.status === "requires_capture" ? intent.amount : 0,
      ...{ amount_details: { tip: {} }, amount_received: intent.received, application: null },
      ...{ application_fee_amount: null, automatic_payment_methods: null, canceled_at: intent.canceledAt },
      ...{ cancellation_reason: intent.cancellationReason, capture_method: intent.captureMethod },
      ...{ client_secret: clientSecret(tx, intent.id), confirmation_method: intent.confirmationMethod },
      ...{
        created: intent.created,
        currency: intent.currency,
        customer: intent.customer,
        customer_account: null,
      },
      ...{ description: intent.description, excluded_payment_method_types: null },
      last_payment_error: intent.lastError as Wire<Stripe.PaymentIntent["last_payment_error"]>,
      ...{
        latest_charge: intent.latestCharge,
        livemode: false,
        managed_payments: null,
        metadata: intent.metadata,
      },
      next_action: nextAction(tx, intent),
      ...{ on_behalf_of: null, payment_method: intent.method, payment_method_configuration_details: null },
      payment_method_options: {
        card: {
          installments: null,
          mandate_options: null,
          network: null,
          request_three_d_secure: "automatic",
        },
      },
      ...{
        payment_method_types: ["card"],
        payment_record: null,
        processing: null,
        receipt_email: intent.receiptEmail,
      },
      ...{ review: null, setup_future_usage: intent.setupFutureUsage, shipping: null, source: null },
      ...{ statement_descriptor: intent.statementDescriptor, statement_descriptor_suffix: null },
      ...{ status: intent.status, transfer_group: null },
    }) satisfies Wire<Stripe.PaymentIntent>,
};

function nextAction(tx: Transaction, { id, status, returnUrl }: PaymentIntentRecord) {
  if (status !== "requires_action") return null;
  const url = authenticationUrl(tx.account, clientSecret(tx, id));
  return { type: "redirect_to_url", redirect_to_url: { return_url: returnUrl, url } };
}

export type NewIntent = Pick<PaymentIntentRecord, "amount" | "currency"> & Partial<PaymentIntentRecord>;

export function makeIntent(tx: Transaction, fields: NewIntent): PaymentIntentRecord {
  const intent = tx.put(intents, {
    ...{ id: tx.newId(intents), created: tx.nowS(fields.clock), received: 0, customer: null, method: null },
    status: fields.method == null ? ("requires_payment_method" as const) : ("requires_confirmation" as const),
    ...({ captureMethod: "automatic_async", confirmationMethod: "automatic" } as const),
    ...{ description: null, receiptEmail: null },
    ...{
      statementDescriptor: null,
      setupFutureUsage: null,
      latestCharge: null,
      lastError: null,
      returnUrl: null,
    },
    ...{ canceledAt: null, cancellationReason: null, invoice: null, session: null, metadata: {} },
    ...fields,
  });
  tx.emit("payment_intent.created", intents, intent);
  return intent;
}

/** An error's part that names the payment it is about. */
export function errorOf(
  tx: Transaction,
  intent: PaymentIntentRecord,
  failure: { render(): Record<string, unknown> },
) {
  const method = intent.method === null ? undefined : tx.find(paymentMethods, intent.method);
  return {
    ...failure.render(),
    ...(intent.latestCharge !== null && { charge: intent.latestCharge }),
    ...(method && { payment_method: tx.render(paymentMethods, method) }),
  };
}
