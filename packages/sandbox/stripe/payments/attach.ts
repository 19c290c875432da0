import type { CustomerRecord } from "../customers/customer.ts";
import type { Transaction } from "../objects/transaction.ts";
import { invalid } from "../stripe-error.ts";
import { cardOf, makePaymentMethod, type PaymentMethodRecord, paymentMethods } from "./payment-method.ts";
import { declined, namedCards } from "./test-card.ts";

/** A payment method by its id, or a new one of a test name like `pm_card_visa`. @throws StripeFailure */
export function methodOf(tx: Transaction, id: string, param = "payment_method"): PaymentMethodRecord {
  const number = namedCards[id.replace(/^(?:pm_card|tok)_/, "")];
  if (id.startsWith("pm_card_") && number !== undefined) {
    const year = new Date(tx.nowS() * 1_000).getUTCFullYear() + 1;
    return makePaymentMethod(tx, { number, month: 12, year });
  }
  return tx.get(paymentMethods, id, param);
}

/** Saves a card with a customer, which asks the bank: a card that is always declined cannot be saved. @throws StripeFailure */
export function attach(tx: Transaction, id: string, customer: CustomerRecord): PaymentMethodRecord {
  const method = methodOf(tx, id);
  if (method.customer === customer.id) return method;
  if (method.customer !== null)
    throw invalid(
      "The payment method you provided has already been attached to a customer.",
      undefined,
      "payment_method_unexpected_state",
    );
  const { declines } = cardOf(method);
  if (declines) throw declined(declines);
  method.customer = customer.id;
  if (customer.clock !== undefined) method.clock = customer.clock;
  tx.put(paymentMethods, method);
  tx.emit("payment_method.attached", paymentMethods, method);
  return method;
}
