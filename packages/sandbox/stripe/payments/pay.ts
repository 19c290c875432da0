import { customers } from "../customers/customer.ts";
import type { Transaction } from "../objects/transaction.ts";
import { invalid, StripeFailure } from "../stripe-error.ts";
import { attach } from "./attach.ts";
import { makeCharge } from "./charge.ts";
import { errorOf, intents, type PaymentIntentRecord } from "./payment-intent.ts";
import { cardOf, type PaymentMethodRecord, paymentMethods } from "./payment-method.ts";
import { type DeclineCode, declined } from "./test-card.ts";

export interface PayOptions {
  /** The person is not there, so nobody can authenticate. */
  offSession?: boolean;
  /** The person has just proven that the card is theirs. */
  authenticated?: boolean;
}

/**
 * Tries to take the money: the intent ends as `succeeded`, `requires_capture`, `requires_action`, or `requires_payment_method` with the
 * failure, which is returned.
 */
export function pay(
  tx: Transaction,
  intent: PaymentIntentRecord,
  method: PaymentMethodRecord,
  { offSession = false, authenticated = false }: PayOptions = {},
): StripeFailure | undefined {
  const { declines, declinesCharges, authenticates } = cardOf(method);
  intent.method = method.id;
  intent.lastError = null;
  if (declines) return fail(tx, intent, method, declines);
  const mustAuthenticate =
    authenticates === "always" || (authenticates === "unless_set_up" && !method.isSetUp);
  if (mustAuthenticate && !authenticated) {
    if (offSession) return fail(tx, intent, method, "authentication_required");
    intent.status = "requires_action";
    tx.put(intents, intent);
    tx.emit("payment_intent.requires_action", intents, intent);
    return undefined;
  }
  if (declinesCharges) return fail(tx, intent, method, declinesCharges);
  keepForLater(tx, intent, method, authenticated);
  intent.latestCharge = makeCharge(tx, intent, method).id;
  if (intent.captureMethod === "manual") {
    intent.status = "requires_capture";
    tx.put(intents, intent);
    tx.emit("payment_intent.amount_capturable_updated", intents, intent);
  } else {
    Object.assign(intent, { status: "succeeded", received: intent.amount });
    tx.put(intents, intent);
    tx.emit("payment_intent.succeeded", intents, intent);
  }
  return undefined;
}

/** A card that is paid with for later, too, becomes the customer's. */
function keepForLater(
  tx: Transaction,
  intent: PaymentIntentRecord,
  method: PaymentMethodRecord,
  authenticated: boolean,
): void {
  if (intent.setupFutureUsage === null || intent.customer === null) return;
  const customer = tx.find(customers, intent.customer);
  if (customer && method.customer === null) attach(tx, method.id, customer);
  if (authenticated) method.isSetUp = true;
  tx.put(paymentMethods, method);
}

function fail(
  tx: Transaction,
  intent: PaymentIntentRecord,
  method: PaymentMethodRecord,
  code: DeclineCode,
): StripeFailure {
  const failure = declined(code);
  intent.latestCharge = makeCharge(tx, intent, method, failure).id;
  return refuse(tx, intent, failure);
}

/** The person did not prove that the card is theirs. */
export const authenticationFailed = (tx: Transaction, intent: PaymentIntentRecord): StripeFailure =>
  refuse(
    tx,
    intent,
    new StripeFailure(
      402,
      "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
      { type: "card_error", code: "payment_intent_authentication_failure" },
    ),
  );

function refuse(tx: Transaction, intent: PaymentIntentRecord, failure: StripeFailure): StripeFailure {
  intent.status = "requires_payment_method";
  intent.lastError = errorOf(tx, intent, failure);
  intent.method = null;
  tx.put(intents, intent);
  tx.emit("payment_intent.payment_failed", intents, intent);
  const more = {
    ...(intent.latestCharge !== null && { charge: intent.latestCharge }),
    payment_intent: tx.render(intents, intent),
    payment_method: intent.lastError["payment_method"],
  };
  return new StripeFailure(failure.status, failure.message, { ...failure.detail, more });
}

/** @throws StripeFailure where the intent is past that */
export function requireStatus(
  intent: PaymentIntentRecord,
  verb: string,
  ...allowed: PaymentIntentRecord["status"][]
): void {
  if (allowed.includes(intent.status)) return;
  throw invalid(
    `This PaymentIntent's ${verb} could not be done because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be ${verb}: ${allowed.join(", ")}.`,
    undefined,
    "payment_intent_unexpected_state",
  );
}
