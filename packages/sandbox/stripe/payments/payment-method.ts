import type Stripe from "stripe";
import type { Address } from "../customers/customer.ts";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Transaction } from "../objects/transaction.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";
import { findCard, type TestCard } from "./test-card.ts";

export interface BillingDetails {
  address: Address | null;
  email: string | null;
  name: string | null;
  phone: string | null;
}

export interface PaymentMethodRecord extends Recorded {
  customer: string | null;
  /** Of a test card: no other gets here. */
  number: string;
  month: number;
  year: number;
  billing: BillingDetails;
  /** Somebody has proven that it is theirs, for payments without them. */
  isSetUp: boolean;
  metadata: Metadata;
}

const noAddress: Address = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
};

export const paymentMethods: Kind<PaymentMethodRecord> = {
  object: "payment_method",
  title: "PaymentMethod",
  prefix: "pm",
  idLength: 24,
  path: "/v1/payment_methods",
  render: (method, tx) =>
    ({
      ...{ id: method.id, object: "payment_method", allow_redisplay: "unspecified" },
      billing_details: { ...method.billing, address: method.billing.address ?? noAddress, tax_id: null },
      card: {
        ...{
          ...cardFacts(tx, method),
          checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
        },
        ...{ display_brand: cardOf(method).brand, generated_from: null, regulated_status: "unregulated" },
        networks: { available: [cardOf(method).brand], preferred: null },
        ...{ three_d_secure_usage: { supported: true }, wallet: null },
      },
      ...{ created: method.created, customer: method.customer, customer_account: null, livemode: false },
      ...{ metadata: method.metadata, type: "card" },
    }) satisfies Wire<Stripe.PaymentMethod>,
};

export const cardOf = ({ number }: PaymentMethodRecord): TestCard => findCard(number);

export function cardFacts(tx: Transaction, method: PaymentMethodRecord) {
  const { brand, country = "US", funding = "credit" } = cardOf(method);
  return {
    ...{ brand, country, exp_month: method.month, exp_year: method.year, funding },
    // The same for the same card of one account.
    ...{
      fingerprint: tx.account.secret(`stripe.card ${method.number}`).slice(0, 16),
      last4: method.number.slice(-4),
    },
  };
}

/** @param fields of a card that `readCard` has checked */
export function makePaymentMethod(
  tx: Transaction,
  fields: Pick<PaymentMethodRecord, "number" | "month" | "year"> & Partial<PaymentMethodRecord>,
): PaymentMethodRecord {
  return tx.put(paymentMethods, {
    ...{ id: tx.newId(paymentMethods), created: tx.nowS(), customer: null, isSetUp: false, metadata: {} },
    ...{ billing: { address: null, email: null, name: null, phone: null } },
    ...fields,
  });
}
