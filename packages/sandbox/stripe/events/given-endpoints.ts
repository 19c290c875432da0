import type { EndpointService } from "../../provider/endpoint-service.ts";
import { givenWebhookSecret } from "../credentials.ts";
import { Transaction } from "../objects/transaction.ts";
import { endpoints } from "./endpoint.ts";

/** Endpoints as a person registers them at the dashboard. */
export const stripeEndpoints: EndpointService = {
  secret: givenWebhookSecret,
  list: (account) =>
    new Transaction(account)
      .newestFirst(endpoints)
      .map(({ id, url, events, enabled }) => ({ id, url, events, enabled })),
  add(account, { url, events }) {
    const tx = new Transaction(account);
    const { id } = tx.put(endpoints, {
      ...{ id: tx.newId(endpoints), created: tx.nowS(), url, events, description: null, metadata: {} },
      ...{ enabled: true, given: true },
    });
    return { id, url, events, enabled: true };
  },
  remove(account, id) {
    const tx = new Transaction(account);
    const known = tx.find(endpoints, id);
    if (known) tx.delete(endpoints, known);
    return known !== undefined;
  },
};
