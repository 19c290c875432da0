import type { Answer } from "../../provider/answer.ts";
import { isSameSecret } from "../../provider/same-secret.ts";
import { afterPayment } from "../billing/after-payment.ts";
import { formatAmount } from "../billing/invoice-life.ts";
import { resumeSession } from "../checkout/complete-session.ts";
import { sessions } from "../checkout/session.ts";
import type { Transaction } from "../objects/transaction.ts";
import { authenticationFailed, pay } from "../payments/pay.ts";
import { clientSecret, intents, type PaymentIntentRecord } from "../payments/payment-intent.ts";
import { paymentMethods } from "../payments/payment-method.ts";
import {
  type SetupIntentRecord,
  setUp,
  setupAuthenticationFailed,
  setupIntents,
} from "../payments/setup-intent.ts";
import { noSuch } from "../stripe-error.ts";
import { hosted } from "./hosted-route.ts";
import { html, page, seeOther } from "./html.ts";

/** The bank's question whether a card is the person's (3D Secure), with both answers. */
export const authenticationPages = hosted("/authenticate/:account/:secret", ({ tx, ids, form, method }) => {
  const secret = ids["secret"]!;
  const id = secret.slice(0, Math.max(0, secret.indexOf("_secret_")));
  if (!isSameSecret(secret, clientSecret(tx, id))) throw noSuch("payment", id);
  const intent: PaymentIntentRecord | SetupIntentRecord | undefined =
    tx.find(intents, id) ?? tx.find(setupIntents, id);
  if (!intent) throw noSuch("payment", id);
  if (intent.status !== "requires_action") return back(intent);
  if (method === "GET") return ask(intent);
  settle(tx, intent, form.get("answer") === "complete");
  return back(intent);
});

function settle(tx: Transaction, intent: PaymentIntentRecord | SetupIntentRecord, isTheirs: boolean): void {
  const card = tx.get(paymentMethods, intent.method!);
  if ("amount" in intent) {
    if (isTheirs) pay(tx, intent, card, { authenticated: true });
    else authenticationFailed(tx, intent);
    afterPayment(tx, intent);
  } else if (isTheirs) setUp(tx, intent, card, true);
  else setupAuthenticationFailed(tx, intent);
  const session = intent.session === null ? undefined : tx.find(sessions, intent.session);
  if (session) resumeSession(tx, session, intent);
}

/** With what apps read there: https://docs.stripe.com/payments/payment-intents/verifying-status */
function back(intent: PaymentIntentRecord | SetupIntentRecord): Answer {
  if (intent.returnUrl === null || !URL.canParse(intent.returnUrl))
    return page("Done", html`<div class="card"><h1>Done</h1><p>You can close this page.</p></div>`);
  const url = new URL(intent.returnUrl);
  if (intent.session === null) {
    const name = "amount" in intent ? "payment_intent" : "setup_intent";
    url.searchParams.set(name, intent.id);
    url.searchParams.set(
      "redirect_status",
      intent.status === "requires_payment_method" ? "failed" : "succeeded",
    );
  }
  return seeOther(url.href);
}

function ask(intent: PaymentIntentRecord | SetupIntentRecord): Answer {
  const what =
    "amount" in intent ? formatAmount(intent.amount, intent.currency) : "your card for later payments";
  return page(
    "3D Secure",
    html`<form class="card" method="post">
<h1>Is it you?</h1>
<p>Your bank asks you to confirm ${what}. This page stands in for the bank's: choose what it will say.</p>
<button class="strong" name="answer" value="complete">Complete authentication</button>
<button name="answer" value="fail">Fail authentication</button>
</form>`,
  );
}
