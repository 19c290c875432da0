import type { TwinRoute } from "../../provider/provider.ts";
import { prices } from "../catalog/price.ts";
import { customers } from "../customers/customer.ts";
import { embedded } from "../objects/list.ts";
import { list, nothing, operation, retrieve, searchable } from "../operation.ts";
import { missing } from "../parameters/parameters.ts";
import { invalid, unsupported } from "../stripe-error.ts";
import { invoicePaid } from "./after-payment.ts";
import { type InvoiceRecord, invoices, renderLine } from "./invoice.ts";
import { invoiceItems, makeInvoiceItem } from "./invoice-item.ts";
import { defaultMethod, finalizeInvoice, makeInvoice, noMethod, payInvoice } from "./invoice-life.ts";
import { previewInvoice } from "./preview.ts";
import { subscriptions } from "./subscription.ts";
import { voidInvoice } from "./subscription-life.ts";

function requireStatus(
  { id, status }: InvoiceRecord,
  verb: string,
  ...allowed: InvoiceRecord["status"][]
): void {
  if (!allowed.includes(status))
    throw invalid(
      `Invoice ${id} cannot be ${verb} because it is ${status}.`,
      undefined,
      status === "paid" ? "invoice_already_paid" : "invoice_not_editable",
    );
}

/** https://docs.stripe.com/api/invoices and https://docs.stripe.com/api/invoiceitems */
export const invoiceRoutes: TwinRoute[] = [
  operation(
    "POST",
    invoices.path,
    (params) => {
      if (params.text("collection_method") === "send_invoice")
        throw unsupported("invoices that are sent", "collection_method");
      if (params.has("subscription")) throw unsupported("invoices of a subscription by hand", "subscription");
      params.ignore("pending_invoice_items_behavior", "footer", "statement_descriptor");
      return {
        customer: params.required("customer"),
        currency: params.text("currency")?.toLowerCase(),
        autoAdvance: params.flag("auto_advance") ?? false,
        description: params.nullable("description") ?? null,
        method: params.text("default_payment_method") ?? null,
        metadata: params.metadata(),
      };
    },
    ({ tx, wish }) => {
      const customer = tx.get(customers, wish.customer, "customer");
      const waiting = tx
        .all(invoiceItems)
        .find((item) => item.customer === customer.id && item.invoice === null);
      const currency = wish.currency ?? waiting?.currency ?? customer.currency ?? "usd";
      const invoice = makeInvoice(tx, {
        ...{ ...wish, currency, reason: "manual" },
        ...(customer.clock !== undefined && { clock: customer.clock }),
      });
      if (invoice.autoAdvance)
        tx.later("invoice.finalize", tx.nowS(invoice.clock) + 3_600, { id: invoice.id }, invoice.clock);
      return tx.render(invoices, invoice);
    },
  ),
  operation(
    "POST",
    `${invoices.path}/create_preview`,
    (params) => {
      for (const name of [
        "subscription_details",
        "invoice_items",
        "discounts",
        "schedule",
        "schedule_details",
      ])
        if (params.has(name)) throw unsupported(`previews with ${name}`, name);
      params.ignore("customer", "preview_mode");
      return params.required("subscription");
    },
    ({ tx, wish }) => tx.render(invoices, previewInvoice(tx, tx.get(subscriptions, wish, "subscription"))),
  ),
  searchable(invoices),
  retrieve(invoices),
  list(invoices, (params) => {
    const [customer, subscription, status] = [
      params.text("customer"),
      params.text("subscription"),
      params.text("status"),
    ];
    params.ignore("collection_method");
    return (invoice) =>
      (customer ?? invoice.customer) === invoice.customer &&
      (subscription === undefined || invoice.subscription === subscription) &&
      (status ?? invoice.status) === invoice.status;
  }),
  operation(
    "GET",
    `${invoices.path}/:id/lines`,
    (params) => params.ignore("limit"),
    ({ tx, id }) => {
      const invoice = tx.get(invoices, id);
      return embedded(
        invoice.lines.map((line) => renderLine(tx, invoice, line)),
        `${invoices.path}/${id}/lines`,
      );
    },
  ),
  operation(
    "POST",
    `${invoices.path}/:id`,
    (params) => ({
      autoAdvance: params.flag("auto_advance"),
      description: params.nullable("description"),
      method: params.nullable("default_payment_method"),
      metadata: params.metadataChange(),
    }),
    ({ tx, id, wish: { metadata, ...fields } }) => {
      const invoice = tx.get(invoices, id);
      requireStatus(invoice, "updated", "draft", "open");
      for (const [name, value] of Object.entries(fields))
        if (value !== undefined) Object.assign(invoice, { [name]: value });
      invoice.metadata = metadata(invoice.metadata);
      tx.put(invoices, invoice);
      tx.emit("invoice.updated", invoices, invoice);
      return tx.render(invoices, invoice);
    },
  ),
  operation(
    "POST",
    `${invoices.path}/:id/finalize`,
    (params) => params.ignore("auto_advance"),
    ({ tx, id }) => {
      const invoice = tx.get(invoices, id);
      requireStatus(invoice, "finalized", "draft");
      finalizeInvoice(tx, invoice);
      return tx.render(invoices, invoice);
    },
  ),
  operation(
    "POST",
    `${invoices.path}/:id/pay`,
    (params) => ({
      method: params.text("payment_method"),
      offSession: params.flag("off_session") ?? true,
      paidElsewhere: params.flag("paid_out_of_band") ?? false,
    }),
    ({ tx, id, wish }) => {
      const invoice = tx.get(invoices, id);
      requireStatus(invoice, "paid", "draft", "open");
      if (invoice.status === "draft") finalizeInvoice(tx, invoice);
      if (invoice.status === "open" && wish.paidElsewhere) invoicePaid(tx, invoice);
      if (invoice.status === "open") {
        if (wish.method === undefined && defaultMethod(tx, invoice) === undefined) throw noMethod();
        const failure = payInvoice(tx, invoice, { method: wish.method, offSession: wish.offSession });
        if (failure) throw failure;
      }
      return tx.render(invoices, invoice);
    },
  ),
  operation("POST", `${invoices.path}/:id/void`, nothing, ({ tx, id }) => {
    const invoice = tx.get(invoices, id);
    requireStatus(invoice, "voided", "open", "uncollectible");
    voidInvoice(tx, invoice);
    return tx.render(invoices, invoice);
  }),
  operation("POST", `${invoices.path}/:id/mark_uncollectible`, nothing, ({ tx, id }) => {
    const invoice = tx.get(invoices, id);
    requireStatus(invoice, "marked uncollectible", "open");
    const uncollectibleAt = tx.nowS(invoice.clock);
    tx.put(invoices, Object.assign(invoice, { status: "uncollectible", uncollectibleAt, nextAttempt: null }));
    tx.emit("invoice.marked_uncollectible", invoices, invoice);
    return tx.render(invoices, invoice);
  }),
  operation("DELETE", `${invoices.path}/:id`, nothing, ({ tx, id }) => {
    const invoice = tx.get(invoices, id);
    requireStatus(invoice, "deleted", "draft");
    tx.emit("invoice.deleted", invoices, invoice);
    tx.delete(invoices, invoice);
    return { id, object: "invoice", deleted: true };
  }),
  operation(
    "POST",
    invoiceItems.path,
    (params) => ({
      customer: params.required("customer"),
      amount: params.integer("amount", -99_999_999_999),
      currency: params.text("currency")?.toLowerCase(),
      price: params.record("pricing")?.text("price") ?? params.text("price"),
      quantity: params.integer("quantity") ?? 1,
      invoice: params.text("invoice"),
      subscription: params.text("subscription") ?? null,
      description: params.nullable("description") ?? null,
      metadata: params.metadata(),
    }),
    ({ tx, wish: { price: priceId, invoice: into, ...wish } }) => {
      const customer = tx.get(customers, wish.customer, "customer");
      const price = priceId === undefined ? undefined : tx.get(prices, priceId, "price");
      const amount = price ? price.amount * wish.quantity : wish.amount;
      const currency = price?.currency ?? wish.currency;
      if (amount === undefined) throw missing("amount");
      if (currency === undefined) throw missing("currency");
      if (into !== undefined)
        throw unsupported("items for a certain invoice; make them before it", "invoice");
      const item = makeInvoiceItem(tx, {
        ...{ ...wish, amount, currency, price: price?.id ?? null },
        ...(customer.clock !== undefined && { clock: customer.clock }),
      });
      return tx.render(invoiceItems, item);
    },
  ),
  retrieve(invoiceItems),
  list(invoiceItems, (params) => {
    const [customer, invoice, pending] = [
      params.text("customer"),
      params.text("invoice"),
      params.flag("pending"),
    ];
    return (item) =>
      (customer ?? item.customer) === item.customer &&
      (invoice === undefined || item.invoice === invoice) &&
      (pending === undefined || (item.invoice === null) === pending);
  }),
  operation("DELETE", `${invoiceItems.path}/:id`, nothing, ({ tx, id }) => {
    const item = tx.get(invoiceItems, id);
    if (item.invoice !== null)
      throw invalid("This invoice item is on an invoice already.", undefined, "invoice_not_editable");
    tx.emit("invoiceitem.deleted", invoiceItems, item);
    tx.delete(invoiceItems, item);
    return { id, object: "invoiceitem", deleted: true };
  }),
];
