import type { TwinRoute } from "../../provider/provider.ts";
import { list, operation, retrieve } from "../operation.ts";
import { missing } from "../parameters/parameters.ts";
import { invalid } from "../stripe-error.ts";
import { charges } from "./charge.ts";
import { intents } from "./payment-intent.ts";
import { reasons, refunds } from "./refund.ts";

/** https://docs.stripe.com/api/refunds */
export const refundRoutes: TwinRoute[] = [
  operation(
    "POST",
    refunds.path,
    (params) => ({
      intent: params.text("payment_intent"),
      charge: params.text("charge"),
      amount: params.integer("amount", 1),
      reason: params.oneOf("reason", reasons) ?? null,
      metadata: params.metadata(),
    }),
    ({ tx, wish }) => {
      const id =
        wish.charge ??
        (wish.intent === undefined ? undefined : tx.get(intents, wish.intent, "payment_intent").latestCharge);
      if (id === undefined) throw missing("payment_intent");
      if (id === null)
        throw invalid(
          `This PaymentIntent (${wish.intent}) does not have a successful charge to refund.`,
          "payment_intent",
          "payment_intent_unexpected_state",
        );
      const charge = tx.get(charges, id, "charge");
      if (charge.failure) throw invalid("You cannot refund a charge that has failed.", "charge");
      const left = charge.captured - charge.refunded;
      if (left === 0)
        throw invalid(`Charge ${charge.id} has already been refunded.`, undefined, "charge_already_refunded");
      const amount = wish.amount ?? left;
      if (amount > left)
        throw invalid(
          `Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`,
          "amount",
        );
      charge.refunded += amount;
      tx.put(charges, charge);
      const refund = tx.put(refunds, {
        ...{ id: tx.newId(refunds), created: tx.nowS(charge.clock), amount, currency: charge.currency },
        ...{ charge: charge.id, intent: charge.intent, reason: wish.reason, metadata: wish.metadata },
        ...(charge.clock !== undefined && { clock: charge.clock }),
      });
      tx.emit("refund.created", refunds, refund);
      tx.emit("charge.refunded", charges, charge, {
        previous: { amount_refunded: charge.refunded - amount, refunded: false },
      });
      return tx.render(refunds, refund);
    },
  ),
  retrieve(refunds),
  list(refunds, (params) => {
    const [charge, intent] = [params.text("charge"), params.text("payment_intent")];
    return (refund) =>
      (charge ?? refund.charge) === refund.charge && (intent ?? refund.intent) === refund.intent;
  }),
  retrieve(charges),
  list(charges, (params) => {
    const [customer, intent] = [params.text("customer"), params.text("payment_intent")];
    return (charge) =>
      (customer === undefined || charge.customer === customer) && (intent ?? charge.intent) === charge.intent;
  }),
];
