import type Stripe from "stripe";
import { prices } from "../catalog/price.ts";
import { accountId } from "../credentials.ts";
import { customers } from "../customers/customer.ts";
import type { Kind, Recorded } from "../objects/kind.ts";
import { embedded } from "../objects/list.ts";
import type { Transaction } from "../objects/transaction.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";

export interface LineRecord {
  id: string;
  amount: number;
  description: string | null;
  price: string | null;
  quantity: number;
  periodStart: number;
  periodEnd: number;
  isProration: boolean;
  subscriptionItem: string | null;
  invoiceItem: string | null;
  metadata: Metadata;
}

export type BillingReason = "manual" | "subscription_create" | "subscription_cycle" | "subscription_update";

export interface InvoiceRecord extends Recorded {
  customer: string;
  subscription: string | null;
  status: "draft" | "open" | "paid" | "void" | "uncollectible";
  reason: BillingReason;
  currency: string;
  lines: LineRecord[];
  startingBalance: number;
  endingBalance: number | null;
  amountPaid: number;
  attempts: number;
  autoAdvance: boolean;
  nextAttempt: number | null;
  number: string | null;
  periodStart: number;
  periodEnd: number;
  finalizedAt: number | null;
  paidAt: number | null;
  voidedAt: number | null;
  uncollectibleAt: number | null;
  intent: string | null;
  method: string | null;
  description: string | null;
  metadata: Metadata;
  subscriptionMetadata: Metadata | null;
}

export const totalOf = ({ lines }: Pick<InvoiceRecord, "lines">): number =>
  lines.reduce((sum, line) => sum + line.amount, 0);

/** After what the customer has in credit, or owes. */
export const dueOf = (invoice: Pick<InvoiceRecord, "lines" | "startingBalance">): number =>
  Math.max(0, totalOf(invoice) + invoice.startingBalance);

/** Opens to whoever has it. */
export const invoiceToken = (tx: Transaction, { id }: Pick<InvoiceRecord, "id">): string =>
  tx.account.secret(`stripe.invoice ${id}`).slice(0, 40);

const hostedUrl = (tx: Transaction, invoice: InvoiceRecord): string =>
  `${tx.account.twinAddress("stripe")}/invoice/${accountId(tx.account)}/${invoice.id}/${invoiceToken(tx, invoice)}`;

export function renderLine(tx: Transaction, invoice: InvoiceRecord, line: LineRecord) {
  const price = line.price === null ? undefined : tx.find(prices, line.price);
  const common = { proration: line.isProration, proration_details: null, subscription: invoice.subscription };
  return {
    ...{ id: line.id, object: "line_item", amount: line.amount, currency: invoice.currency },
    ...{
      description: line.description,
      discount_amounts: [],
      discountable: !line.isProration,
      discounts: [],
    },
    ...{ invoice: invoice.id, livemode: false, metadata: line.metadata },
    parent:
      line.invoiceItem === null && line.subscriptionItem !== null
        ? {
            invoice_item_details: null,
            subscription_item_details: {
              ...{ ...common, invoice_item: null, subscription_item: line.subscriptionItem },
            },
            type: "subscription_item_details",
          }
        : {
            invoice_item_details: { ...common, invoice_item: line.invoiceItem ?? "" },
            subscription_item_details: null,
            type: "invoice_item_details",
          },
    ...{ period: { end: line.periodEnd, start: line.periodStart }, pretax_credit_amounts: [] },
    pricing: price
      ? {
          price_details: { price: price.id, product: price.product },
          ...{ type: "price_details" as const, unit_amount_decimal: String(price.amount) },
        }
      : null,
    ...{
      quantity: line.quantity,
      quantity_decimal: String(line.quantity),
      subscription: invoice.subscription,
    },
    ...{ subtotal: line.amount, taxes: [] },
  } satisfies Wire<Stripe.InvoiceLineItem>;
}

export const invoices: Kind<InvoiceRecord> = {
  object: "invoice",
  title: "invoice",
  prefix: "in",
  idLength: 24,
  path: "/v1/invoices",
  render: (invoice, tx) => {
    const customer = tx.find(customers, invoice.customer);
    const total = totalOf(invoice);
    const due = dueOf(invoice);
    const isOpen = invoice.status !== "draft";
    return {
      ...{
        id: invoice.id,
        object: "invoice",
        account_country: "US",
        account_name: "Sandbox",
        account_tax_ids: null,
      },
      ...{ amount_due: due, amount_overpaid: 0, amount_paid: invoice.amountPaid },
      ...{ amount_remaining: due - invoice.amountPaid, amount_shipping: 0, application: null },
      ...{
        attempt_count: invoice.attempts,
        attempted: invoice.attempts > 0,
        auto_advance: invoice.autoAdvance,
      },
      automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
      automatically_finalizes_at: !isOpen && invoice.autoAdvance ? invoice.created + draftForS : null,
      ...{
        billing_reason: invoice.reason,
        collection_method: "charge_automatically",
        created: invoice.created,
      },
      ...{
        currency: invoice.currency,
        custom_fields: null,
        customer: invoice.customer,
        customer_account: null,
      },
      ...{ customer_address: customer?.address ?? null, customer_email: customer?.email ?? null },
      ...{
        customer_name: customer?.name ?? null,
        customer_phone: customer?.phone ?? null,
        customer_shipping: null,
      },
      ...{ customer_tax_exempt: "none", customer_tax_ids: [], default_payment_method: invoice.method },
      ...{ default_source: null, default_tax_rates: [], description: invoice.description, discounts: [] },
      ...{
        due_date: null,
        effective_at: invoice.finalizedAt,
        ending_balance: invoice.endingBalance,
        footer: null,
      },
      ...{
        from_invoice: null,
        hosted_invoice_url: isOpen ? hostedUrl(tx, invoice) : null,
        invoice_pdf: null,
      },
      ...{ issuer: { type: "self" }, last_finalization_error: null, latest_revision: null },
      lines: embedded(
        invoice.lines.map((line) => renderLine(tx, invoice, line)),
        `/v1/invoices/${invoice.id}/lines`,
      ),
      ...{ livemode: false, metadata: invoice.metadata, next_payment_attempt: invoice.nextAttempt },
      ...{ number: invoice.number, on_behalf_of: null },
      parent:
        invoice.subscription === null
          ? null
          : {
              quote_details: null,
              subscription_details: {
                metadata: invoice.subscriptionMetadata,
                subscription: invoice.subscription,
              },
              type: "subscription_details",
            },
      payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
      ...{ period_end: invoice.periodEnd, period_start: invoice.periodStart },
      ...{ post_payment_credit_notes_amount: 0, pre_payment_credit_notes_amount: 0, receipt_number: null },
      ...{
        rendering: null,
        shipping_cost: null,
        shipping_details: null,
        starting_balance: invoice.startingBalance,
      },
      ...{ statement_descriptor: null, status: invoice.status },
      status_transitions: {
        ...{ finalized_at: invoice.finalizedAt, marked_uncollectible_at: invoice.uncollectibleAt },
        ...{ paid_at: invoice.paidAt, voided_at: invoice.voidedAt },
      },
      ...{ subtotal: total, subtotal_excluding_tax: total, test_clock: invoice.clock ?? null, total },
      ...{
        total_discount_amounts: [],
        total_excluding_tax: total,
        total_pretax_credit_amounts: [],
        total_taxes: [],
      },
      webhooks_delivered_at: null,
    } satisfies Omit<Wire<Stripe.Invoice>, "lines"> & { lines: object };
  },
};

/** A renewal's invoice is a draft for so long, to be changed by the app: https://docs.stripe.com/billing/invoices/subscription#sub-invoice-lifecycle */
export const draftForS = 3_600;
