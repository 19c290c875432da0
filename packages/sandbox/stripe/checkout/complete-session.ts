import { makeSubscription } from "../billing/subscription-life.ts";
import { customers } from "../customers/customer.ts";
import { makeCustomer } from "../customers/customer-routes.ts";
import type { Transaction } from "../objects/transaction.ts";
import { attach } from "../payments/attach.ts";
import { pay } from "../payments/pay.ts";
import { intents, makeIntent, type PaymentIntentRecord } from "../payments/payment-intent.ts";
import { makePaymentMethod, type PaymentMethodRecord, paymentMethods } from "../payments/payment-method.ts";
import type { CardFields } from "../payments/read-card.ts";
import { makeSetup, type SetupIntentRecord, setUp, setupIntents } from "../payments/setup-intent.ts";
import type { StripeFailure } from "../stripe-error.ts";
import { amountOfSession, hasTrial, type SessionRecord, sessions, sessionUrl } from "./session.ts";

export interface Submitted {
  email: string | null;
  name: string | null;
  /** None where nothing is to be paid, and no card is asked for. */
  card: CardFields | undefined;
}

/** What a person who pressed "Pay" has to hear, or has to do next. */
export type Step =
  | { kind: "done" }
  | { kind: "authenticate"; secretOf: string }
  | { kind: "failed"; failure: StripeFailure };

/** A person has filled in the page. */
export function submitSession(
  tx: Transaction,
  session: SessionRecord,
  { email, name, card }: Submitted,
): Step {
  session.details = { email, name };
  makeOwner(tx, session);
  const method =
    card &&
    makePaymentMethod(tx, {
      ...{ ...card, billing: { address: null, email, name, phone: null } },
      ...(session.clock !== undefined && { clock: session.clock }),
    });
  tx.put(sessions, session);
  if (!method) return finish(tx, session, undefined);
  const due = amountOfSession(tx, session);
  if (session.mode === "setup" || due === 0) return saveCard(tx, session, method);
  const intent = intentOf(tx, session, due);
  const failure = pay(tx, intent, method);
  if (failure) return { kind: "failed", failure };
  if (intent.status === "requires_action") return { kind: "authenticate", secretOf: intent.id };
  return finish(tx, session, method);
}

/** The bank has asked the person, and its answer is in the intent already. */
export function resumeSession(
  tx: Transaction,
  session: SessionRecord,
  intent: PaymentIntentRecord | SetupIntentRecord,
): void {
  const isThere = intent.status === "succeeded" || intent.status === "requires_capture";
  if (session.status !== "open" || !isThere || intent.method === null) return;
  finish(tx, session, tx.get(paymentMethods, intent.method));
}

function makeOwner(tx: Transaction, session: SessionRecord): void {
  if (session.customer !== null) {
    const own = session.isNewCustomer ? tx.find(customers, session.customer) : undefined;
    if (own) tx.put(customers, Object.assign(own, session.details));
    return;
  }
  if (session.mode === "payment" && !session.makesCustomer && session.inner.setupFutureUsage === null) return;
  const { email, name } = session.details!;
  session.customer = makeCustomer(tx, { email, name }).id;
  session.isNewCustomer = true;
}

function intentOf(tx: Transaction, session: SessionRecord, amount: number): PaymentIntentRecord {
  const known = session.intent === null ? undefined : tx.find(intents, session.intent);
  if (known) return known;
  const isSubscription = session.mode === "subscription";
  const intent = makeIntent(tx, {
    ...{ amount, currency: session.currency!, customer: session.customer, session: session.id },
    ...{ description: isSubscription ? "Subscription creation" : session.inner.description },
    captureMethod: session.inner.captureMethod,
    setupFutureUsage: isSubscription ? "off_session" : session.inner.setupFutureUsage,
    metadata: isSubscription ? {} : session.inner.metadata,
    returnUrl: sessionUrl(tx, session),
    ...(session.clock !== undefined && { clock: session.clock }),
  });
  tx.put(sessions, Object.assign(session, { intent: intent.id }));
  return intent;
}

function saveCard(tx: Transaction, session: SessionRecord, method: PaymentMethodRecord): Step {
  const known = session.setup === null ? undefined : tx.find(setupIntents, session.setup);
  const setup =
    known ??
    makeSetup(tx, {
      ...{ customer: session.customer, session: session.id, returnUrl: sessionUrl(tx, session) },
      ...{
        metadata: session.mode === "setup" ? session.inner.metadata : {},
        description: session.inner.description,
      },
    });
  tx.put(sessions, Object.assign(session, { setup: setup.id }));
  const failure = setUp(tx, setup, method);
  if (failure) return { kind: "failed", failure };
  if (setup.status === "requires_action") return { kind: "authenticate", secretOf: setup.id };
  return finish(tx, session, method);
}

function finish(tx: Transaction, session: SessionRecord, method: PaymentMethodRecord | undefined): Step {
  if (session.mode === "subscription") subscribe(tx, session, method);
  Object.assign(session, { status: "complete", paid: session.mode !== "setup" });
  tx.put(sessions, session);
  tx.emit("checkout.session.completed", sessions, session);
  return { kind: "done" };
}

function subscribe(tx: Transaction, session: SessionRecord, method: PaymentMethodRecord | undefined): void {
  const customer = tx.get(customers, session.customer!);
  if (method && method.customer === null) attach(tx, method.id, customer);
  const { trialDays, trialEnd, metadata, description, withoutMethod } = session.inner;
  const nowS = tx.nowS(session.clock);
  const subscription = makeSubscription(tx, {
    ...{ customer: customer.id, behavior: "allow_incomplete", offSession: false },
    items: session.lines.map(({ price, quantity }) => ({ price, quantity, metadata: {} })),
    trialEnd: hasTrial(session) ? (trialEnd ?? nowS + trialDays! * 86_400) : null,
    fields: { metadata, description, withoutMethod, defaultMethod: method?.id ?? null },
    paidBy: session.intent === null ? undefined : tx.find(intents, session.intent),
  });
  Object.assign(session, { subscription: subscription.id, invoice: subscription.latestInvoice });
}
