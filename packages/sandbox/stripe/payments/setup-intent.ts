import type Stripe from "stripe";
import { customers } from "../customers/customer.ts";
import type { Kind, Recorded } from "../objects/kind.ts";
import type { Transaction } from "../objects/transaction.ts";
import type { Wire } from "../objects/wire.ts";
import type { Metadata } from "../parameters/parameters.ts";
import { StripeFailure } from "../stripe-error.ts";
import { attach } from "./attach.ts";
import { authenticationUrl } from "./authentication.ts";
import { clientSecret } from "./payment-intent.ts";
import { cardOf, type PaymentMethodRecord, paymentMethods } from "./payment-method.ts";
import { declined } from "./test-card.ts";

/** Saves a card for later, without taking money. */
export interface SetupIntentRecord extends Recorded {
  customer: string | null;
  method: string | null;
  status: "requires_payment_method" | "requires_confirmation" | "requires_action" | "succeeded" | "canceled";
  description: string | null;
  usage: "off_session" | "on_session";
  lastError: Record<string, unknown> | null;
  returnUrl: string | null;
  session: string | null;
  metadata: Metadata;
}

export const setupIntents: Kind<SetupIntentRecord> = {
  object: "setup_intent",
  title: "setupintent",
  prefix: "seti",
  idLength: 24,
  path: "/v1/setup_intents",
  render: (setup, tx) =>
    ({
      ...{ id: setup.id, object: "setup_intent", allowed_payment_method_types: null, application: null },
      ...{
        automatic_payment_methods: null,
        cancellation_reason: null,
        client_secret: clientSecret(tx, setup.id),
      },
      ...{
        created: setup.created,
        customer: setup.customer,
        customer_account: null,
        description: setup.description,
      },
      ...{ excluded_payment_method_types: null, flow_directions: null },
      last_setup_error: setup.lastError as Wire<Stripe.SetupIntent["last_setup_error"]>,
      ...{ latest_attempt: null, livemode: false, mandate: null, metadata: setup.metadata },
      next_action:
        setup.status === "requires_action"
          ? {
              type: "redirect_to_url",
              redirect_to_url: {
                return_url: setup.returnUrl,
                url: authenticationUrl(tx.account, clientSecret(tx, setup.id)),
              },
            }
          : null,
      ...{ on_behalf_of: null, payment_method: setup.method, payment_method_configuration_details: null },
      ...{ payment_method_options: null, payment_method_types: ["card"], single_use_mandate: null },
      ...{ status: setup.status, usage: setup.usage },
    }) satisfies Wire<Stripe.SetupIntent>,
};

export function makeSetup(tx: Transaction, fields: Partial<SetupIntentRecord>): SetupIntentRecord {
  const setup = tx.put(setupIntents, {
    ...{ id: tx.newId(setupIntents), created: tx.nowS(fields.clock), customer: null, method: null },
    status: fields.method == null ? ("requires_payment_method" as const) : ("requires_confirmation" as const),
    usage: "off_session" as const,
    ...{ description: null, lastError: null, returnUrl: null, session: null, metadata: {} },
    ...fields,
  });
  tx.emit("setup_intent.created", setupIntents, setup);
  return setup;
}

/** Ends as `succeeded`, `requires_action`, or `requires_payment_method` with the failure, which is returned. */
export function setUp(
  tx: Transaction,
  setup: SetupIntentRecord,
  method: PaymentMethodRecord,
  authenticated = false,
): StripeFailure | undefined {
  const { declines, authenticates } = cardOf(method);
  setup.method = method.id;
  setup.lastError = null;
  if (declines) return refuseSetup(tx, setup, declined(declines));
  if (authenticates !== undefined && !authenticated) {
    setup.status = "requires_action";
    tx.put(setupIntents, setup);
    tx.emit("setup_intent.requires_action", setupIntents, setup);
    return undefined;
  }
  const customer = setup.customer === null ? undefined : tx.find(customers, setup.customer);
  if (customer && method.customer === null) attach(tx, method.id, customer);
  method.isSetUp = true;
  tx.put(paymentMethods, method);
  setup.status = "succeeded";
  tx.put(setupIntents, setup);
  tx.emit("setup_intent.succeeded", setupIntents, setup);
  return undefined;
}

export const setupAuthenticationFailed = (tx: Transaction, setup: SetupIntentRecord): StripeFailure =>
  refuseSetup(
    tx,
    setup,
    new StripeFailure(
      402,
      "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
      {
        ...{ type: "card_error", code: "setup_intent_authentication_failure" },
      },
    ),
  );

function refuseSetup(tx: Transaction, setup: SetupIntentRecord, failure: StripeFailure): StripeFailure {
  Object.assign(setup, { status: "requires_payment_method", lastError: failure.render(), method: null });
  tx.put(setupIntents, setup);
  tx.emit("setup_intent.setup_failed", setupIntents, setup);
  return new StripeFailure(failure.status, failure.message, {
    ...failure.detail,
    more: { setup_intent: tx.render(setupIntents, setup) },
  });
}
