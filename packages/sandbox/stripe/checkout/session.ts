import type Stripe from "stripe";
import { type PriceRecord, prices, renderPrice } from "../catalog/price.ts";
import { products } from "../catalog/product.ts";
import { accountId } from "../credentials.ts";
import { customers } from "../customers/customer.ts";
import type { Kind, Recorded } from "../objects/kind.ts";
import { embedded } from "../objects/list.ts";
import type { Transaction } from "../objects/transaction.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";

export interface SessionLine {
  id: string;
  price: string;
  quantity: number;
}

export interface SessionRecord extends Recorded {
  mode: "payment" | "subscription" | "setup";
  status: "open" | "complete" | "expired";
  lines: SessionLine[];
  currency: string | null;
  successUrl: string;
  cancelUrl: string | null;
  customer: string | null;
  customerEmail: string | null;
  /** It was made of what the person typed, who may still type something else. */
  isNewCustomer: boolean;
  /** Also where nothing but a payment is made. */
  makesCustomer: boolean;
  reference: string | null;
  expiresAt: number;
  metadata: Metadata;
  /** What the payment, the subscription or the setup is given. */
  inner: {
    metadata: Metadata;
    description: string | null;
    trialEnd: number | null;
    trialDays: number | null;
    captureMethod: "automatic_async" | "manual";
    setupFutureUsage: "off_session" | "on_session" | null;
    withoutMethod: "create_invoice" | "cancel";
  };
  /** Of a trial: a card is asked for only where something is to be paid. */
  methodCollection: "always" | "if_required";
  /** What the person has typed. */
  details: { email: string | null; name: string | null } | null;
  paid: boolean;
  intent: string | null;
  setup: string | null;
  subscription: string | null;
  invoice: string | null;
  locale: string | null;
}

export const amountOfSession = (tx: Transaction, session: SessionRecord): number =>
  hasTrial(session)
    ? session.lines.reduce(
        (sum, line) => sum + (priceOfLine(tx, line).recurring ? 0 : lineAmount(tx, line)),
        0,
      )
    : session.lines.reduce((sum, line) => sum + lineAmount(tx, line), 0);

export const hasTrial = ({ inner }: SessionRecord): boolean =>
  inner.trialEnd !== null || inner.trialDays !== null;
export const priceOfLine = (tx: Transaction, { price }: SessionLine): PriceRecord => tx.get(prices, price);
const lineAmount = (tx: Transaction, line: SessionLine): number =>
  priceOfLine(tx, line).amount * line.quantity;

/** Apps hear of a customer once the session is over. */
const visibleCustomer = ({ customer, isNewCustomer, status }: SessionRecord): string | null =>
  isNewCustomer && status !== "complete" ? null : customer;

export const sessionUrl = (tx: Transaction, { id }: Pick<SessionRecord, "id">): string =>
  `${tx.account.twinAddress("stripe")}/pay/${accountId(tx.account)}/${id}`;

export const sessionLines = (tx: Transaction, session: SessionRecord) =>
  embedded(
    session.lines.map((line) => renderSessionLine(tx, line)),
    `/v1/checkout/sessions/${session.id}/line_items`,
  );

function renderSessionLine(tx: Transaction, line: SessionLine) {
  const price = priceOfLine(tx, line);
  const amount = lineAmount(tx, line);
  return {
    ...{
      id: line.id,
      object: "item",
      adjustable_quantity: null,
      amount_discount: 0,
      amount_subtotal: amount,
    },
    ...{ amount_tax: 0, amount_total: amount, currency: price.currency },
    description: tx.find(products, price.product)?.name ?? null,
    ...{ metadata: null, price: renderPrice(price), quantity: line.quantity },
  } satisfies Wire<Stripe.LineItem>;
}

export const sessions: Kind<SessionRecord> = {
  object: "checkout.session",
  title: "checkout.session",
  prefix: "cs_test",
  path: "/v1/checkout/sessions",
  render: (session, tx) => {
    const amount = session.mode === "setup" ? null : amountOfSession(tx, session);
    const customer = session.customer === null ? undefined : tx.find(customers, session.customer);
    const email = session.details?.email ?? customer?.email ?? session.customerEmail;
    return {
      ...{ id: session.id, object: "checkout.session", adaptive_pricing: null, after_expiration: null },
      ...{ allow_promotion_codes: null, allowed_payment_method_types: null },
      ...{ amount_subtotal: amount, amount_total: amount },
      automatic_tax: { enabled: false, liability: null, provider: null, status: null },
      ...{
        billing_address_collection: null,
        cancel_url: session.cancelUrl,
        client_reference_id: session.reference,
      },
      ...{ client_secret: null, collected_information: null, consent: null, consent_collection: null },
      ...{
        created: session.created,
        currency: session.currency,
        currency_conversion: null,
        custom_fields: [],
      },
      custom_text: {
        after_submit: null,
        shipping_address: null,
        submit: null,
        terms_of_service_acceptance: null,
      },
      ...{ customer: visibleCustomer(session), customer_account: null },
      customer_creation:
        session.mode === "payment" ? (session.makesCustomer ? "always" : "if_required") : null,
      customer_details:
        email === null && session.details === null
          ? null
          : {
              ...{ address: customer?.address ?? null, business_name: null, email, individual_name: null },
              ...{ name: session.details?.name ?? customer?.name ?? null, phone: customer?.phone ?? null },
              ...{ tax_exempt: "none", tax_ids: [] },
            },
      ...{ customer_email: session.customerEmail, discounts: [], expires_at: session.expiresAt },
      ...{ integration_identifier: null, invoice: session.invoice, invoice_creation: null, livemode: false },
      ...{ locale: session.locale, managed_payments: null, metadata: session.metadata, mode: session.mode },
      ...{ origin_context: null, payment_intent: session.mode === "payment" ? session.intent : null },
      ...{ payment_link: null, payment_method_collection: session.methodCollection },
      ...{
        payment_method_configuration_details: null,
        payment_method_options: null,
        payment_method_types: ["card"],
      },
      payment_status: session.paid ? (amount ? "paid" : "no_payment_required") : "unpaid",
      ...{ permissions: null, phone_number_collection: { enabled: false }, recovered_from: null },
      ...{
        saved_payment_method_options: null,
        setup_intent: session.setup,
        shipping_address_collection: null,
      },
      ...{ shipping_cost: null, shipping_options: [], status: session.status, submit_type: null },
      ...{ subscription: session.subscription, success_url: session.successUrl },
      total_details: amount === null ? null : { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
      ...{ ui_mode: "hosted_page", url: session.status === "open" ? sessionUrl(tx, session) : null },
      wallet_options: null,
    } satisfies Wire<Stripe.Checkout.Session>;
  },
};
