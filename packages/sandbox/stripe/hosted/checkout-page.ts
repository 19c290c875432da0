import type { Answer } from "../../provider/answer.ts";
import { formatAmount } from "../billing/invoice-life.ts";
import { products } from "../catalog/product.ts";
import { type Step, submitSession } from "../checkout/complete-session.ts";
import { amountOfSession, hasTrial, priceOfLine, type SessionRecord, sessions } from "../checkout/session.ts";
import { customers } from "../customers/customer.ts";
import type { Transaction } from "../objects/transaction.ts";
import { authenticationUrl } from "../payments/authentication.ts";
import { clientSecret, intents } from "../payments/payment-intent.ts";
import { setupIntents } from "../payments/setup-intent.ts";
import { StripeFailure } from "../stripe-error.ts";
import { cardFields, typedCard } from "./card-form.ts";
import { hosted, type Visit } from "./hosted-route.ts";
import { type Html, html, page, seeOther } from "./html.ts";

/** https://docs.stripe.com/payments/checkout: the page where a person pays. */
export const checkoutPages = hosted("/pay/:account/:session", ({ tx, ids, form, method }) => {
  const session = tx.get(sessions, ids["session"]!);
  if (session.status === "complete") return seeOther(successUrl(session));
  if (session.status === "expired")
    return page("Expired", html`<div class="card"><h1>This page has expired</h1>${backLink(session)}</div>`);
  if (method === "GET") return show(tx, session, form, lastProblem(tx, session));
  return submit(tx, session, form);
});

const successUrl = ({ successUrl: url, id }: SessionRecord): string =>
  url.replaceAll("{CHECKOUT_SESSION_ID}", id).replaceAll(encodeURIComponent("{CHECKOUT_SESSION_ID}"), id);

function submit(tx: Transaction, session: SessionRecord, form: Visit["form"]): Answer {
  const email = emailOf(tx, session) ?? (form.get("email")?.trim() || null);
  if (email === null || !/^[^\s@]+@[^\s@]+$/.test(email))
    return show(tx, session, form, "Your email is incomplete.");
  try {
    const card = asksForCard(tx, session) ? typedCard(form, tx.nowS(session.clock)) : undefined;
    return follow(
      tx,
      session,
      form,
      submitSession(tx, session, { email, name: form.get("name")?.trim() || null, card }),
    );
  } catch (error) {
    if (error instanceof StripeFailure) return show(tx, session, form, error.message);
    throw error;
  }
}

function follow(tx: Transaction, session: SessionRecord, form: URLSearchParams, step: Step): Answer {
  switch (step.kind) {
    case "done":
      return seeOther(successUrl(session));
    case "authenticate":
      return seeOther(authenticationUrl(tx.account, clientSecret(tx, step.secretOf)));
    case "failed":
      return show(tx, session, form, step.failure.message);
  }
}

/** Why the last try at the bank's page failed, where the person comes back from it. */
function lastProblem(tx: Transaction, { intent, setup }: SessionRecord): string | undefined {
  const error =
    (intent === null ? undefined : tx.find(intents, intent)?.lastError) ??
    (setup === null ? undefined : tx.find(setupIntents, setup)?.lastError);
  return error ? String(error["message"]) : undefined;
}

const emailOf = (tx: Transaction, { customer, customerEmail, isNewCustomer }: SessionRecord): string | null =>
  (customer === null || isNewCustomer ? undefined : tx.find(customers, customer)?.email) ?? customerEmail;

const asksForCard = (tx: Transaction, session: SessionRecord): boolean =>
  session.mode === "setup" || session.methodCollection === "always" || amountOfSession(tx, session) > 0;

function show(tx: Transaction, session: SessionRecord, form: URLSearchParams, problem?: string): Answer {
  const email = emailOf(tx, session);
  const verb = {
    payment: "Pay",
    subscription: hasTrial(session) ? "Start trial" : "Subscribe",
    setup: "Save card",
  }[session.mode];
  return page(
    verb,
    html`
${session.mode === "setup" ? undefined : summary(tx, session)}
<form class="card" method="post">
<h2>${session.mode === "setup" ? "Save a card for later" : "Your details"}</h2>
${problem === undefined ? undefined : html`<p class="bad" role="alert">${problem}</p>`}
${email === null ? html`<label>Email <input name="email" type="email" autocomplete="email" value="${form.get("email") ?? ""}" required></label>` : html`<p class="soft">${email}</p>`}
${asksForCard(tx, session) ? cardFields(form) : undefined}
<label>Name <input name="name" autocomplete="name" value="${form.get("name") ?? ""}"></label>
<button class="strong">${verb}</button>
</form>
${backLink(session)}`,
  );
}

function summary(tx: Transaction, session: SessionRecord): Html {
  const lines = session.lines.map((line) => {
    const price = priceOfLine(tx, line);
    const rate = price.recurring
      ? ` every ${price.recurring.count > 1 ? `${price.recurring.count} ` : ""}${price.recurring.interval}${price.recurring.count > 1 ? "s" : ""}`
      : "";
    const name = tx.find(products, price.product)?.name ?? price.product;
    return html`<div class="row"><span>${name}${line.quantity > 1 ? ` × ${line.quantity}` : ""}<br><small class="soft">${formatAmount(price.amount, price.currency)}${rate}</small></span><span>${formatAmount(price.amount * line.quantity, price.currency)}</span></div>`;
  });
  const due = formatAmount(amountOfSession(tx, session), session.currency ?? "usd");
  const trial = hasTrial(session)
    ? html`<p class="soft">The trial comes first; nothing is paid until it ends.</p>`
    : undefined;
  return html`<section class="card"><h1>${due} due today</h1>${lines}<div class="row total"><span>Due today</span><span>${due}</span></div>${trial}</section>`;
}

const backLink = ({ cancelUrl }: SessionRecord): Html | undefined =>
  cancelUrl === null ? undefined : html`<p><a href="${cancelUrl}">← Back</a></p>`;
