import type { TwinRoute } from "../../provider/provider.ts";
import { billingHappens } from "../billing/billing-happens.ts";
import { customers } from "../customers/customer.ts";
import { deleteCustomer } from "../customers/customer-life.ts";
import { Transaction } from "../objects/transaction.ts";
import { list, nothing, operation, retrieve } from "../operation.ts";
import { missing } from "../parameters/parameters.ts";
import { invalid, StripeFailure } from "../stripe-error.ts";
import { type ClockRecord, clocks } from "./test-clock.ts";

/** Two of its longest subscription intervals: https://docs.stripe.com/api/test_clocks/advance */
const longestAdvanceS = 2 * 366 * 86_400;
/** A client that polls sees `advancing` first. */
const stepMs = 20;

export const clockRoutes: TwinRoute[] = [
  operation(
    "POST",
    clocks.path,
    (params) => {
      const frozenS = params.integer("frozen_time");
      if (frozenS === undefined) throw missing("frozen_time");
      return { frozenS, name: params.nullable("name") ?? null };
    },
    ({ tx, wish }) => {
      const clock = tx.put(clocks, { id: tx.newId(clocks), created: tx.nowS(), ...wish });
      tx.emit("test_helpers.test_clock.created", clocks, clock);
      return tx.render(clocks, clock);
    },
  ),
  retrieve(clocks),
  list(clocks),
  operation(
    "POST",
    `${clocks.path}/:id/advance`,
    (params) => {
      const frozenS = params.integer("frozen_time");
      if (frozenS === undefined) throw missing("frozen_time");
      return frozenS;
    },
    ({ tx, id, wish: targetS }) => {
      const clock = tx.get(clocks, id);
      if (clock.targetS !== undefined)
        throw new StripeFailure(429, "The test clock is advancing; wait until it is ready.", {
          code: "lock_timeout",
        });
      if (targetS <= clock.frozenS)
        throw invalid("The frozen_time must be after the current frozen time of the clock.", "frozen_time");
      if (targetS - clock.frozenS > longestAdvanceS)
        throw invalid("The frozen_time is too far in the future for one step.", "frozen_time");
      tx.put(clocks, Object.assign(clock, { targetS }));
      tx.emit("test_helpers.test_clock.advancing", clocks, clock);
      tx.account.schedule("stripe", "clock.step", stepMs, { id });
      return tx.render(clocks, clock);
    },
  ),
  operation("DELETE", `${clocks.path}/:id`, nothing, ({ tx, id }) => {
    const clock = tx.get(clocks, id);
    for (const customer of tx.all(customers)) if (customer.clock === id) deleteCustomer(tx, customer);
    tx.emit("test_helpers.test_clock.deleted", clocks, clock);
    tx.delete(clocks, clock);
    return { id, object: clocks.object, deleted: true };
  }),
];

/** Lets happen what is due, in its order and at its own time, one thing at a time, until the clock is where it should be. */
export function stepClock(account: ClockAccount, id: string): void {
  const tx = new Transaction(account);
  const clock: ClockRecord | undefined = tx.find(clocks, id);
  if (clock?.targetS === undefined) return;
  const due = tx.takeDue(id, clock.targetS);
  if (due) {
    tx.put(clocks, Object.assign(clock, { frozenS: Math.max(clock.frozenS, due.atS) }));
    billingHappens(tx, due.type, due.data);
    // The app hears of each thing before the next one happens.
    account.schedule("stripe", "clock.step", stepMs, { id });
  } else {
    clock.frozenS = clock.targetS;
    delete clock.targetS;
    tx.put(clocks, clock);
    tx.emit("test_helpers.test_clock.ready", clocks, clock);
  }
  tx.commit();
}

type ClockAccount = Transaction["account"];
