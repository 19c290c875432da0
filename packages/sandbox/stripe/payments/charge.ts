import type Stripe from "stripe";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Transaction } from "../objects/transaction.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";
import type { StripeFailure } from "../stripe-error.ts";
import type { PaymentIntentRecord } from "./payment-intent.ts";
import { cardFacts, type PaymentMethodRecord, paymentMethods } from "./payment-method.ts";

export interface ChargeRecord extends Recorded {
  amount: number;
  captured: number;
  refunded: number;
  currency: string;
  customer: string | null;
  method: string;
  intent: string;
  /** Paid, or why not. */
  failure: { code: string; message: string; declineCode: string | null } | null;
  isCaptured: boolean;
  description: string | null;
  receiptEmail: string | null;
  statementDescriptor: string | null;
  metadata: Metadata;
}

const noDetails = { address: null, email: null, name: null, phone: null, tax_id: null };

export const charges: Kind<ChargeRecord> = {
  object: "charge",
  title: "charge",
  prefix: "ch",
  idLength: 24,
  path: "/v1/charges",
  render: (charge, tx) => {
    const method = tx.find(paymentMethods, charge.method);
    const { failure } = charge;
    return {
      ...{ id: charge.id, object: "charge", amount: charge.amount, amount_captured: charge.captured },
      ...{
        amount_refunded: charge.refunded,
        application: null,
        application_fee: null,
        application_fee_amount: null,
      },
      balance_transaction: failure ? null : charge.id.replace("ch_", "txn_"),
      billing_details: method
        ? { ...method.billing, address: method.billing.address, tax_id: null }
        : noDetails,
      ...{
        calculated_statement_descriptor: charge.statementDescriptor ?? "SANDBOX",
        captured: charge.isCaptured,
      },
      ...{ created: charge.created, currency: charge.currency, customer: charge.customer },
      ...{ description: charge.description, disputed: false, failure_balance_transaction: null },
      ...{
        failure_code: failure?.code ?? null,
        failure_message: failure?.message ?? null,
        fraud_details: {},
      },
      ...{ livemode: false, metadata: charge.metadata, on_behalf_of: null },
      outcome: {
        ...{ advice_code: null, network_advice_code: null, network_decline_code: null },
        network_status: failure ? "declined_by_network" : "approved_by_network",
        reason: failure ? (failure.declineCode ?? failure.code) : null,
        ...{ risk_level: "normal", risk_score: 20 },
        seller_message: failure
          ? "The bank did not return any further details with this decline."
          : "Payment complete.",
        type: failure ? "issuer_declined" : "authorized",
      },
      ...{ paid: !failure, payment_intent: charge.intent, payment_method: charge.method },
      payment_method_details: method ? { card: cardDetails(tx, method, charge), type: "card" } : null,
      ...{ receipt_email: charge.receiptEmail, receipt_number: null, receipt_url: null },
      ...{
        refunded: charge.captured > 0 && charge.refunded === charge.captured,
        review: null,
        shipping: null,
      },
      ...{ source: null, source_transfer: null, statement_descriptor: charge.statementDescriptor },
      ...{ statement_descriptor_suffix: null, status: failure ? "failed" : "succeeded", transfer_data: null },
      transfer_group: null,
    } satisfies Wire<Stripe.Charge>;
  },
};

function cardDetails(tx: Transaction, method: PaymentMethodRecord, charge: ChargeRecord) {
  return {
    ...cardFacts(tx, method),
    amount_authorized: charge.amount,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
    ...{ authorization_code: null, installments: null, mandate: null, network: cardFacts(tx, method).brand },
    ...{
      network_token: { used: false },
      network_transaction_id: null,
      regulated_status: "unregulated" as const,
    },
    ...{ electronic_commerce_indicator: null, three_d_secure: null, transaction_link_id: null, wallet: null },
  };
}

/** Takes the money, or notes that the bank would not give it. */
export function makeCharge(
  tx: Transaction,
  intent: PaymentIntentRecord,
  method: PaymentMethodRecord,
  failure?: StripeFailure,
): ChargeRecord {
  const isCaptured = !failure && intent.captureMethod !== "manual";
  const charge = tx.put(charges, {
    ...{ id: tx.newId(charges), created: tx.nowS(intent.clock), amount: intent.amount },
    ...{ captured: isCaptured ? intent.amount : 0, refunded: 0, currency: intent.currency },
    ...{ customer: intent.customer, method: method.id, intent: intent.id, isCaptured },
    ...{ description: intent.description, receiptEmail: intent.receiptEmail, metadata: intent.metadata },
    statementDescriptor: intent.statementDescriptor,
    failure: failure
      ? {
          ...{ code: failure.detail.code ?? "card_declined", message: failure.message },
          declineCode: failure.detail.declineCode ?? null,
        }
      : null,
    ...(intent.clock !== undefined && { clock: intent.clock }),
  });
  tx.emit(failure ? "charge.failed" : "charge.succeeded", charges, charge);
  return charge;
}
