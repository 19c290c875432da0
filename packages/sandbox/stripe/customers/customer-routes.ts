import type { TwinRoute } from "../../provider/provider.ts";
import { clocks } from "../clocks/test-clock.ts";
import { listOf, readPage } from "../objects/list.ts";
import type { Transaction } from "../objects/transaction.ts";
import { list, nothing, operation, retrieve, searchable } from "../operation.ts";
import type { Parameters } from "../parameters/parameters.ts";
import { attach } from "../payments/attach.ts";
import { paymentMethods } from "../payments/payment-method.ts";
import { invalid } from "../stripe-error.ts";
import { type Address, type CustomerRecord, customers } from "./customer.ts";
import { deleteCustomer } from "./customer-life.ts";

const addressParts = ["city", "country", "line1", "line2", "postal_code", "state"] as const;

export const readAddress = (params: Parameters): Address =>
  Object.fromEntries(addressParts.map((part) => [part, params.nullable(part) ?? null])) as Address;

function readCustomer(params: Parameters) {
  params.ignore("preferred_locales", "invoice_prefix", "next_invoice_sequence", "tax_exempt");
  const shipping = params.record("shipping");
  const settings = params.record("invoice_settings");
  settings?.ignore("footer", "custom_fields", "rendering_options");
  const address = params.record("address");
  return {
    fields: {
      name: params.nullable("name"),
      email: params.nullable("email"),
      phone: params.nullable("phone"),
      description: params.nullable("description"),
      address: address && readAddress(address),
      shipping: shipping && {
        address: readAddress(shipping.record("address") ?? shipping),
        name: shipping.required("name"),
        phone: shipping.nullable("phone") ?? null,
      },
      balance: params.integer("balance", -99_999_999_999),
    },
    method: params.text("payment_method"),
    defaultMethod: settings?.nullable("default_payment_method"),
    metadata: params.metadataChange(),
  };
}

type CustomerWish = ReturnType<typeof readCustomer>;

function change(
  tx: Transaction,
  customer: CustomerRecord,
  { fields, defaultMethod, metadata }: CustomerWish,
): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) Object.assign(customer, { [name]: value });
  }
  customer.metadata = metadata(customer.metadata);
  if (defaultMethod !== undefined) {
    const owner =
      defaultMethod === null
        ? customer.id
        : tx.get(paymentMethods, defaultMethod, "invoice_settings[default_payment_method]").customer;
    if (owner !== customer.id)
      throw invalid(
        "The customer does not have a payment method with the ID " +
          `${defaultMethod}. The payment method must be attached to the customer.`,
        "invoice_settings[default_payment_method]",
        "resource_missing",
      );
    customer.defaultPaymentMethod = defaultMethod;
  }
}

export function makeCustomer(tx: Transaction, fields: Partial<CustomerRecord>): CustomerRecord {
  const customer = tx.put(customers, {
    ...{ id: tx.newId(customers), created: tx.nowS(fields.clock), name: null, email: null, phone: null },
    ...{ description: null, address: null, shipping: null, balance: 0, currency: null, delinquent: false },
    ...{ defaultPaymentMethod: null, nextInvoice: 1, metadata: {} },
    ...fields,
  });
  tx.emit("customer.created", customers, customer);
  return customer;
}

/** https://docs.stripe.com/api/customers */
export const customerRoutes: TwinRoute[] = [
  operation(
    "POST",
    customers.path,
    (params) => ({ ...readCustomer(params), clock: params.text("test_clock") }),
    ({ tx, wish }) => {
      if (wish.clock !== undefined) tx.get(clocks, wish.clock, "test_clock");
      if (wish.defaultMethod != null && wish.method !== wish.defaultMethod)
        throw invalid(
          "A new customer has no payment methods but the one of payment_method.",
          "invoice_settings",
        );
      const given = Object.fromEntries(
        Object.entries(wish.fields).filter(([, value]) => value !== undefined),
      );
      const clock = wish.clock === undefined ? {} : { clock: wish.clock };
      const customer = makeCustomer(tx, { ...given, ...clock, metadata: wish.metadata({}) });
      if (wish.method !== undefined) {
        const method = attach(tx, wish.method, customer);
        if (wish.defaultMethod != null) customer.defaultPaymentMethod = method.id;
      }
      return tx.render(customers, tx.put(customers, customer));
    },
  ),
  searchable(customers),
  retrieve(customers),
  list(customers, (params) => {
    const [email, clock] = [params.text("email"), params.text("test_clock")];
    return (customer) =>
      (email === undefined || customer.email === email) && (clock === undefined || customer.clock === clock);
  }),
  operation("POST", `${customers.path}/:id`, readCustomer, ({ tx, id, wish }) => {
    const customer = tx.get(customers, id);
    const before = tx.render(customers, customer);
    change(tx, customer, wish);
    tx.put(customers, customer);
    tx.emit("customer.updated", customers, customer, {
      previous: differences(before, tx.render(customers, customer)),
    });
    return tx.render(customers, customer);
  }),
  operation("DELETE", `${customers.path}/:id`, nothing, ({ tx, id }) => {
    deleteCustomer(tx, tx.get(customers, id));
    return { id, object: "customer", deleted: true };
  }),
  operation(
    "GET",
    `${customers.path}/:id/payment_methods`,
    (params) => ({ page: readPage(params), type: params.text("type") }),
    ({ tx, id, wish }) => {
      tx.get(customers, id);
      return listOf(tx, paymentMethods, wish.page, {
        filter: ({ customer }) => customer === id && (wish.type ?? "card") === "card",
        url: `${customers.path}/${id}/payment_methods`,
      });
    },
  ),
  operation("GET", `${customers.path}/:id/payment_methods/:method`, nothing, ({ tx, ids }) =>
    tx.render(paymentMethods, tx.get(paymentMethods, ids["method"]!)),
  ),
];

/** What was there before, of those fields that have changed. */
export function differences(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(before).filter(([name, value]) => !Bun.deepEquals(value, after[name])),
  );
}
