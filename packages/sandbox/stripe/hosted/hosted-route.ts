import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "../../provider/answer.ts";
import type { TwinRoute } from "../../provider/provider.ts";
import { formOf } from "../../provider/twin-request.ts";
import { areDone } from "../events/endpoint.ts";
import { Transaction } from "../objects/transaction.ts";
import { StripeFailure } from "../stripe-error.ts";
import { html, page } from "./html.ts";

export interface Visit {
  tx: Transaction;
  ids: Record<string, string>;
  form: URLSearchParams;
  method: "GET" | "POST";
}

/** Stripe lets the app hear of a payment before the person is sent back, for so long: https://docs.stripe.com/checkout/fulfillment */
const hearingLimitMs = 10_000;
const lookAgainMs = 10;

/** A page for people, who are known by its address alone. */
export const hosted = (path: string, visit: (visit: Visit) => Answer): TwinRoute[] =>
  (["GET", "POST"] as const).map((method) => ({
    method,
    path,
    async answer({ account, request, params }) {
      const tx = new Transaction(account);
      let answer: Answer;
      try {
        answer = visit({ tx, ids: params, form: formOf(request), method });
      } catch (error) {
        if (!(error instanceof StripeFailure)) throw error;
        answer = page(
          "Not found",
          html`<div class="card"><h1>Nothing is here</h1><p>${error.message}</p></div>`,
          error.status,
        );
      }
      const sent = tx.commit();
      const deadline = Date.now() + hearingLimitMs;
      while (answer.status === 303 && !areDone(account, sent) && Date.now() < deadline)
        await sleep(lookAgainMs);
      return answer;
    },
  }));
