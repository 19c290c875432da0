import { dueOf, invoices } from "../billing/invoice.ts";
import { formatAmount, rateOf } from "../billing/invoice-life.ts";
import { isEnded, priceOf, type SubscriptionRecord, subscriptions } from "../billing/subscription.ts";
import { products } from "../catalog/product.ts";
import { type CustomerRecord, customers } from "../customers/customer.ts";
import type { Transaction } from "../objects/transaction.ts";
import { attach } from "../payments/attach.ts";
import { makePaymentMethod, paymentMethods } from "../payments/payment-method.ts";
import { portals } from "../portal/portal-session.ts";
import { invalid, noSuch, StripeFailure } from "../stripe-error.ts";
import { cardFields, typedCard } from "./card-form.ts";
import { hosted } from "./hosted-route.ts";
import { type Html, html, page, seeOther } from "./html.ts";

const openForMs = 3_600_000;
const shownInvoices = 20;

/** Where customers see to their subscriptions, cards and invoices: https://docs.stripe.com/customer-management */
export const portalPages = hosted("/portal/:account/:portal", ({ tx, ids, form, method }) => {
  const portal = tx.get(portals, ids["portal"]!);
  if (Date.now() > portal.openedMs + openForMs)
    throw invalid("This page has expired. Go back to the app, and open it again.");
  const customer = tx.get(customers, portal.customer);
  let problem: string | undefined;
  if (method === "POST") {
    try {
      act(tx, customer, form);
      return seeOther(String(tx.render(portals, portal)["url"]));
    } catch (error) {
      if (!(error instanceof StripeFailure)) throw error;
      problem = error.message;
    }
  }
  const owned = tx
    .newestFirst(subscriptions)
    .filter((each) => each.customer === customer.id && !isEnded(each));
  return page(
    "Billing",
    html`
${problem === undefined ? undefined : html`<p class="bad" role="alert">${problem}</p>`}
<section class="card"><h1>Subscriptions</h1>${owned.length > 0 ? owned.map((each) => subscription(tx, each)) : "You have no subscriptions."}</section>
<section class="card"><h2>Cards</h2>${cards(tx, customer)}
<form method="post"><input type="hidden" name="act" value="add-card">${cardFields(form)}<button>Add card</button></form></section>
<section class="card"><h2>Invoices</h2>${bills(tx, customer)}</section>
${portal.returnUrl === null ? undefined : html`<p><a href="${portal.returnUrl}">← Back</a></p>`}`,
  );
});

function act(tx: Transaction, customer: CustomerRecord, form: URLSearchParams): void {
  const id = form.get("id") ?? "";
  switch (form.get("act")) {
    case "cancel":
    case "renew":
      return void setCancel(tx, customer, id, form.get("act") === "cancel");
    case "add-card": {
      const method = attach(tx, makePaymentMethod(tx, typedCard(form, tx.nowS(customer.clock))).id, customer);
      return void makeDefault(tx, customer, method.id);
    }
    case "default-card":
      if (tx.find(paymentMethods, id)?.customer !== customer.id) throw noSuch("PaymentMethod", id);
      return void makeDefault(tx, customer, id);
    default:
      throw invalid("There is nothing to do.");
  }
}

function setCancel(tx: Transaction, customer: CustomerRecord, id: string, cancels: boolean): void {
  const known = tx.find(subscriptions, id);
  if (known?.customer !== customer.id || isEnded(known)) throw noSuch("subscription", id);
  if (known.cancelAtPeriodEnd === cancels) return;
  const previous = { cancel_at_period_end: !cancels };
  const canceledAt = cancels ? tx.nowS(known.clock) : null;
  Object.assign(known, {
    cancelAtPeriodEnd: cancels,
    canceledAt,
    cancelReason: cancels ? "cancellation_requested" : null,
  });
  tx.put(subscriptions, known);
  tx.emit("customer.subscription.updated", subscriptions, known, { previous });
}

/** For what is to come of everything that the customer has. */
function makeDefault(tx: Transaction, customer: CustomerRecord, method: string): void {
  const before = customer.defaultPaymentMethod;
  tx.put(customers, Object.assign(customer, { defaultPaymentMethod: method }));
  const previous = { invoice_settings: { default_payment_method: before } };
  tx.emit("customer.updated", customers, customer, { previous });
  for (const each of tx.all(subscriptions)) {
    if (each.customer !== customer.id || isEnded(each) || each.defaultMethod === null) continue;
    const changed = { default_payment_method: each.defaultMethod };
    tx.put(subscriptions, Object.assign(each, { defaultMethod: method }));
    tx.emit("customer.subscription.updated", subscriptions, each, { previous: changed });
  }
}

const day = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(0, 10);

function subscription(tx: Transaction, each: SubscriptionRecord): Html {
  const items = each.items.map((item) => {
    const name = tx.find(products, priceOf(tx, item).product)?.name ?? item.price;
    return html`<div class="row"><span>${name}${item.quantity > 1 ? ` × ${item.quantity}` : ""}</span><span>${rateOf(tx, item)}</span></div>`;
  });
  const ends = each.cancelAtPeriodEnd;
  const when = ends ? `ends on ${day(each.periodEnd)}` : `renews on ${day(each.periodEnd)}`;
  return html`<div>${items}<p class="soft">${each.status} · ${when}</p>
<form class="inline" method="post"><input type="hidden" name="id" value="${each.id}"><button name="act" value="${ends ? "renew" : "cancel"}">${ends ? "Keep subscription" : "Cancel subscription"}</button></form></div>`;
}

function cards(tx: Transaction, customer: CustomerRecord): Html[] {
  return tx
    .newestFirst(paymentMethods)
    .filter((method) => method.customer === customer.id)
    .map((method) => {
      const isDefault = method.id === customer.defaultPaymentMethod;
      const choose = html`<form class="inline" method="post"><input type="hidden" name="id" value="${method.id}"><button name="act" value="default-card">Make default</button></form>`;
      return html`<div class="row"><span>•••• ${method.number.slice(-4)} <small class="soft">${method.month}/${method.year}</small></span><span>${isDefault ? "default" : choose}</span></div>`;
    });
}

function bills(tx: Transaction, customer: CustomerRecord): Html[] {
  return tx
    .newestFirst(invoices)
    .filter((invoice) => invoice.customer === customer.id && invoice.status !== "draft")
    .slice(0, shownInvoices)
    .map(
      (invoice) =>
        html`<div class="row"><a href="${String(tx.render(invoices, invoice)["hosted_invoice_url"])}">${invoice.number ?? invoice.id}</a><span>${formatAmount(dueOf(invoice), invoice.currency)} · ${invoice.status}</span></div>`,
    );
}
