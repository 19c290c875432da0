import { isSameSecret } from "../../provider/same-secret.ts";
import { dueOf, type InvoiceRecord, invoices, invoiceToken } from "../billing/invoice.ts";
import { formatAmount, payInvoice } from "../billing/invoice-life.ts";
import { customers } from "../customers/customer.ts";
import type { Transaction } from "../objects/transaction.ts";
import { attach } from "../payments/attach.ts";
import { authenticationUrl } from "../payments/authentication.ts";
import { clientSecret, intents } from "../payments/payment-intent.ts";
import { makePaymentMethod } from "../payments/payment-method.ts";
import { noSuch, StripeFailure } from "../stripe-error.ts";
import { cardFields, typedCard } from "./card-form.ts";
import { hosted } from "./hosted-route.ts";
import { html, page, seeOther } from "./html.ts";

/** An invoice for the person who pays it: https://docs.stripe.com/invoicing/hosted-invoice-page */
export const invoicePages = hosted("/invoice/:account/:invoice/:token", ({ tx, ids, form, method }) => {
  const invoice = tx.find(invoices, ids["invoice"]!);
  if (!invoice || !isSameSecret(ids["token"]!, invoiceToken(tx, invoice)))
    throw noSuch("invoice", ids["invoice"]!);
  const here = String(tx.render(invoices, invoice)["hosted_invoice_url"]);
  let problem: string | undefined;
  if (method === "POST" && invoice.status === "open") {
    try {
      const authenticate = payWithCard(tx, invoice, form, here);
      return seeOther(authenticate ?? here);
    } catch (error) {
      if (!(error instanceof StripeFailure)) throw error;
      problem = error.message;
    }
  }
  return show(tx, invoice, form, problem);
});

/** @returns where the bank asks the person. @throws StripeFailure */
function payWithCard(
  tx: Transaction,
  invoice: InvoiceRecord,
  form: URLSearchParams,
  here: string,
): string | undefined {
  const customer = tx.get(customers, invoice.customer);
  const method = makePaymentMethod(tx, typedCard(form, tx.nowS(invoice.clock)));
  attach(tx, method.id, customer);
  const intent = tx.get(intents, invoice.intent!);
  intent.returnUrl = here;
  const failure = payInvoice(tx, invoice, { method: method.id });
  if (failure) throw failure;
  return intent.status === "requires_action"
    ? authenticationUrl(tx.account, clientSecret(tx, intent.id))
    : undefined;
}

function show(tx: Transaction, invoice: InvoiceRecord, form: URLSearchParams, problem: string | undefined) {
  const { currency, status } = invoice;
  const due = formatAmount(dueOf(invoice), currency);
  const lines = invoice.lines.map(
    (line) =>
      html`<div class="row"><span>${line.description ?? ""}</span><span>${formatAmount(line.amount, currency)}</span></div>`,
  );
  const asks = html`<form class="card" method="post"><h2>Pay with a card</h2>
${problem === undefined ? undefined : html`<p class="bad" role="alert">${problem}</p>`}
${cardFields(form)}<button class="strong">Pay ${due}</button></form>`;
  return page(
    `Invoice ${invoice.number ?? ""}`,
    html`<section class="card"><h1>Invoice ${invoice.number ?? ""}</h1><p class="soft">${status} · ${tx.find(customers, invoice.customer)?.email ?? ""}</p>
${lines}<div class="row total"><span>Due</span><span>${due}</span></div></section>${status === "open" ? asks : undefined}`,
  );
}
