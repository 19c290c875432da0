import type Stripe from "stripe";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";

export type Address = Record<"city" | "country" | "line1" | "line2" | "postal_code" | "state", string | null>;

export interface CustomerRecord extends Recorded {
  name: string | null;
  email: string | null;
  phone: string | null;
  description: string | null;
  address: Address | null;
  shipping: { address: Address; name: string; phone: string | null } | null;
  /** Owed where positive, credit where negative; in the currency's smallest unit. */
  balance: number;
  currency: string | null;
  delinquent: boolean;
  defaultPaymentMethod: string | null;
  nextInvoice: number;
  metadata: Metadata;
}

export const customers: Kind<CustomerRecord> = {
  object: "customer",
  title: "customer",
  prefix: "cus",
  path: "/v1/customers",
  render: (customer) =>
    ({
      ...{ id: customer.id, object: "customer", address: customer.address, balance: customer.balance },
      ...{
        created: customer.created,
        currency: customer.currency,
        customer_account: null,
        default_source: null,
      },
      ...{
        delinquent: customer.delinquent,
        description: customer.description,
        discount: null,
        email: customer.email,
      },
      invoice_prefix: invoicePrefix(customer),
      invoice_settings: {
        ...{ custom_fields: null, default_payment_method: customer.defaultPaymentMethod },
        ...{ footer: null, rendering_options: null },
      },
      ...{ livemode: false, metadata: customer.metadata, name: customer.name },
      ...{ next_invoice_sequence: customer.nextInvoice, phone: customer.phone, preferred_locales: [] },
      ...{ shipping: customer.shipping, tax_exempt: "none", test_clock: customer.clock ?? null },
    }) satisfies Wire<Stripe.Customer>,
};

export const invoicePrefix = ({ id }: CustomerRecord): string => id.slice(4, 12).toUpperCase();
