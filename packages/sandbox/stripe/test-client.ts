import Stripe from "stripe";
import type { Account } from "../accounts/account.ts";
import type { TestSandbox } from "../testing/test-sandbox.ts";
import { secretKey } from "./credentials.ts";

/** The official client. `basePath` cannot be chosen, so the twin is asked by its host name, as an app does. */
export const stripeClient = (
  sandbox: TestSandbox,
  account: Account = sandbox.account(),
  key = secretKey(account),
) =>
  new Stripe(key, {
    ...{ maxNetworkRetries: 0, telemetry: false },
    httpClient: Stripe.createFetchHttpClient(((url, init) => {
      const { pathname, search } = new URL(String(url));
      return fetch(`http://127.0.0.1:${sandbox.port}/stripe${pathname}${search}`, init);
    }) as typeof fetch),
  });
