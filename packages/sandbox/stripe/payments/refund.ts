import type Stripe from "stripe";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";
import { charges } from "./charge.ts";

export const reasons = ["duplicate", "fraudulent", "requested_by_customer"] as const;

export interface RefundRecord extends Recorded {
  amount: number;
  currency: string;
  charge: string;
  intent: string;
  reason: (typeof reasons)[number] | null;
  metadata: Metadata;
}

export const refunds: Kind<RefundRecord> = {
  object: "refund",
  title: "refund",
  prefix: "re",
  idLength: 24,
  path: "/v1/refunds",
  render: (refund, tx) =>
    ({
      ...{
        id: refund.id,
        object: "refund",
        amount: refund.amount,
        balance_transaction: refund.id.replace("re_", "txn_"),
      },
      ...{ charge: refund.charge, created: refund.created, currency: refund.currency },
      ...{ customer: tx.find(charges, refund.charge)?.customer ?? null, customer_account: null },
      destination_details: {
        card: { reference_status: "pending", reference_type: "acquirer_reference_number", type: "refund" },
        type: "card",
      },
      ...{ metadata: refund.metadata, payment_intent: refund.intent },
      payment_method: tx.find(charges, refund.charge)?.method ?? null,
      ...{ reason: refund.reason, receipt_number: null, source_transfer_reversal: null, status: "succeeded" },
      transfer_reversal: null,
    }) satisfies Wire<Stripe.Refund>,
};
