import { isEnded, subscriptions } from "../billing/subscription.ts";
import { endSubscription } from "../billing/subscription-life.ts";
import type { Transaction } from "../objects/transaction.ts";
import { paymentMethods } from "../payments/payment-method.ts";
import { type CustomerRecord, customers } from "./customer.ts";

/** With it end its subscriptions; its payment methods belong to nobody any more. */
export function deleteCustomer(tx: Transaction, customer: CustomerRecord): void {
  for (const subscription of tx.all(subscriptions)) {
    if (subscription.customer === customer.id && !isEnded(subscription)) endSubscription(tx, subscription);
  }
  for (const method of tx.all(paymentMethods)) {
    if (method.customer === customer.id) tx.put(paymentMethods, { ...method, customer: null });
  }
  tx.emit("customer.deleted", customers, customer);
  tx.delete(customers, customer);
}
