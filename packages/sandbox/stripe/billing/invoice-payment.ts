import type Stripe from "stripe";
import { embedded } from "../objects/list.ts";
import type { Transaction } from "../objects/transaction.ts";
import type { Wire } from "../objects/wire.ts";
import { dueOf, type InvoiceRecord } from "./invoice.ts";

/** The one payment that an invoice has: https://docs.stripe.com/api/invoice-payment */
export function invoicePayments(_tx: Transaction, invoice: InvoiceRecord) {
  const url = `/v1/invoice_payments?invoice=${invoice.id}`;
  if (invoice.intent === null) return embedded([], url);
  const payment = {
    ...{ id: invoice.id.replace("in_", "inpay_"), object: "invoice_payment" },
    amount_paid: invoice.status === "paid" ? invoice.amountPaid : null,
    ...{
      amount_requested: dueOf(invoice),
      created: invoice.finalizedAt ?? invoice.created,
      currency: invoice.currency,
    },
    ...{ invoice: invoice.id, is_default: true, livemode: false },
    payment: { payment_intent: invoice.intent, type: "payment_intent" as const },
    status: invoice.status === "paid" ? "paid" : invoice.status === "void" ? "canceled" : "open",
    status_transitions: { canceled_at: invoice.voidedAt, paid_at: invoice.paidAt },
  } satisfies Wire<Stripe.InvoicePayment>;
  return embedded([payment], url);
}
