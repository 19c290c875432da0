import { afterEach, beforeEach, expect, test } from "bun:test";
import Stripe from "stripe";
import { type ReceivedWebhook, TestSandbox } from "../testing/test-sandbox.ts";
import { apiVersion, publishableKey } from "./credentials.ts";
import { stripe } from "./stripe.ts";
import { stripeClient } from "./test-client.ts";

const limitMs = 60_000;
const hook = "https://shop.localhost:7080/api/stripe";
let sandbox: TestSandbox;
let client: Stripe;
beforeEach(async () => {
  sandbox = await TestSandbox.start([stripe]);
  client = stripeClient(sandbox);
  sandbox.account().setSpeed(1_000);
});
afterEach(() => sandbox.stop());

const listen = async () =>
  (await client.webhookEndpoints.create({ url: hook, enabled_events: ["*"] })).secret!;
const events = () => sandbox.received.map(({ body }) => JSON.parse(body) as Stripe.Event);
const types = () => events().map(({ type }) => type as string);
const failure = (call: Promise<unknown>): Promise<Stripe.errors.StripeError> =>
  call.then(
    () => Promise.reject(new Error("It should have failed")),
    (error) => error,
  );
const price = (amount: number, interval?: "month" | "year") =>
  client.prices.create({
    ...{ currency: "usd", unit_amount: amount, product_data: { name: `Plan ${amount}` } },
    ...(interval && { recurring: { interval } }),
  });
const customer = async (card?: string, clock?: string) => {
  const made = await client.customers.create({
    email: "a@example.com",
    ...(clock !== undefined && { test_clock: clock }),
  });
  if (card === undefined) return made;
  const { id } = await client.paymentMethods.attach(card, { customer: made.id });
  return client.customers.update(made.id, { invoice_settings: { default_payment_method: id } });
};
/** What a browser does: follows redirects on this machine, and stops where the app's own address begins. */
async function submit(
  url: string,
  form: Record<string, string>,
): Promise<{ location: string | null; text: string }> {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(form), redirect: "manual" });
  return { location: response.headers.get("location"), text: await response.text() };
}
const card = (number: string) => ({
  number,
  expiry: "12 / 40",
  cvc: "123",
  email: "a@example.com",
  name: "Ada",
});

test("the twin speaks the version that the official client does", () => {
  expect(Stripe.API_VERSION).toBe(apiVersion);
});

test(
  "customers are made, changed, listed by page, searched and expanded; mistakes come in Stripe's shape",
  async () => {
    for (let index = 0; index < 5; index++)
      await client.customers.create({ name: `Customer ${index}`, metadata: { group: String(index % 2) } });
    const first = await client.customers.list({ limit: 2 });
    expect(first.data.map(({ name }) => name)).toEqual(["Customer 4", "Customer 3"]);
    expect(first.has_more).toBe(true);
    const all: (string | null | undefined)[] = [];
    for await (const each of client.customers.list({ limit: 2 })) all.push(each.name);
    expect(all).toHaveLength(5);
    const back = await client.customers.list({ limit: 2, ending_before: first.data[1]!.id });
    expect(back.data.map(({ name }) => name)).toEqual(["Customer 4"]);
    const found = await client.customers.search({ query: 'metadata["group"]:"1" AND name~"customer"' });
    expect(found.data.map(({ name }) => name)).toEqual(["Customer 3", "Customer 1"]);
    const changed = await client.customers.update(first.data[0]!.id, { metadata: { group: "", new: "yes" } });
    expect(changed.metadata).toEqual({ new: "yes" });
    const missing = await failure(client.customers.retrieve("cus_none"));
    expect(missing).toMatchObject({
      ...{ type: "StripeInvalidRequestError", code: "resource_missing", statusCode: 404, param: "id" },
      message: "No such customer: 'cus_none'",
    });
    expect(missing.requestId).toStartWith("req_");
    expect(await failure(client.products.create({ name: "x", nonsense: 1 } as never))).toMatchObject({
      code: "parameter_unknown",
      param: "nonsense",
    });
    expect(await failure(stripeClient(sandbox, undefined, "sk_test_wrong").customers.list())).toMatchObject({
      type: "StripeAuthenticationError",
      statusCode: 401,
    });
    const browser = stripeClient(sandbox, undefined, publishableKey(sandbox.account()));
    expect((await failure(browser.customers.list())).message).toContain("publishable API key");
    const { default_price: usual } = await client.products.create({
      ...{ name: "Tea", default_price_data: { currency: "eur", unit_amount: 500 } },
      expand: ["default_price"],
    });
    expect(usual).toMatchObject({ object: "price", unit_amount: 500, currency: "eur" });
    expect((await failure(client.customers.list({ expand: ["data.nothing"] }))).message).toBe(
      "This property cannot be expanded (data.nothing).",
    );
  },
  limitMs,
);

test("an idempotency key gives the same answer to the same request, and refuses another one", async () => {
  const idempotencyKey = "order-1";
  const one = await client.customers.create({ name: "Ada" }, { idempotencyKey });
  const again = await client.customers.create({ name: "Ada" }, { idempotencyKey });
  expect(again.id).toBe(one.id);
  expect(new Headers(again.lastResponse.headers).get("idempotent-replayed")).toBe("true");
  const other = await failure(client.customers.create({ name: "Bob" }, { idempotencyKey }));
  expect(other).toMatchObject({ type: "StripeIdempotencyError", statusCode: 400 });
  expect((await client.customers.list()).data).toHaveLength(1);
  // What was never begun is not kept.
  await failure(client.customers.create({ wrong: 1 } as never, { idempotencyKey: "order-2" }));
  expect((await client.customers.create({ name: "Cy" }, { idempotencyKey: "order-2" })).name).toBe("Cy");
});

test(
  "cards are paid with, declined with their reasons, authenticated, captured and refunded",
  async () => {
    const pay = (payment_method: string, more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
      client.paymentIntents.create({
        amount: 1_200,
        currency: "usd",
        payment_method,
        confirm: true,
        ...more,
      });
    const paid = await pay("pm_card_visa", { expand: ["latest_charge"] });
    expect(paid).toMatchObject({ status: "succeeded", amount_received: 1_200 });
    expect(paid.latest_charge).toMatchObject({
      paid: true,
      payment_method_details: { card: { last4: "4242" } },
    });
    const declined = await failure(pay("pm_card_chargeDeclinedInsufficientFunds"));
    expect(declined).toMatchObject({ type: "StripeCardError", code: "card_declined", statusCode: 402 });
    expect(declined.decline_code).toBe("insufficient_funds");
    expect(declined.payment_intent).toMatchObject({ status: "requires_payment_method" });
    const asked = await pay("pm_card_authenticationRequired", { return_url: "https://shop.localhost/done" });
    expect(asked.status).toBe("requires_action");
    const { url } = asked.next_action!.redirect_to_url!;
    expect((await submit(url!, { answer: "complete" })).location).toBe(
      `https://shop.localhost/done?payment_intent=${asked.id}&redirect_status=succeeded`,
    );
    expect((await client.paymentIntents.retrieve(asked.id)).status).toBe("succeeded");
    expect((await failure(pay("pm_card_authenticationRequired", { off_session: true }))).code).toBe(
      "authentication_required",
    );
    const held = await pay("pm_card_visa", { capture_method: "manual" });
    expect(held.status).toBe("requires_capture");
    const captured = await client.paymentIntents.capture(held.id, { amount_to_capture: 1_000 });
    expect(captured).toMatchObject({ status: "succeeded", amount_received: 1_000 });
    await client.refunds.create({ payment_intent: held.id, amount: 400 });
    expect(
      (await failure(client.refunds.create({ payment_intent: held.id, amount: 700 }))).message,
    ).toContain("(600)");
    expect((await failure(client.paymentIntents.capture(paid.id))).code).toBe(
      "payment_intent_unexpected_state",
    );
    const raw = { type: "card", card: { number: "4242424242424242", exp_month: 1, exp_year: 2040 } } as const;
    expect((await failure(client.paymentMethods.create(raw as never))).message).toContain("generally unsafe");
  },
  limitMs,
);

test(
  "a person pays at Checkout, after a declined card, and the app hears of it by signed webhooks before they are sent back",
  async () => {
    const secret = await listen();
    const session = await client.checkout.sessions.create({
      ...{ mode: "payment", client_reference_id: "cart-7", metadata: { cart: "7" } },
      line_items: [
        {
          price_data: { currency: "usd", unit_amount: 1_250, product_data: { name: "<b>Tea</b>" } },
          quantity: 2,
        },
      ],
      success_url: "https://shop.localhost/thanks?session={CHECKOUT_SESSION_ID}",
      cancel_url: "https://shop.localhost/cart",
      expand: ["line_items"],
    });
    expect(session).toMatchObject({ status: "open", payment_status: "unpaid", amount_total: 2_500 });
    expect(session.line_items!.data).toMatchObject([
      { description: "<b>Tea</b>", amount_total: 2_500, quantity: 2 },
    ]);
    const shown = await (await fetch(session.url!)).text();
    expect(shown).toContain("$25.00");
    expect(shown).not.toContain("<b>Tea");
    expect((await submit(session.url!, card("4000000000000002"))).text).toContain("Your card was declined.");
    expect((await submit(session.url!, card("4111111111111111"))).text).toContain("non test (live) card");
    const { location } = await submit(session.url!, card("4242 4242 4242 4242"));
    expect(location).toBe(`https://shop.localhost/thanks?session=${session.id}`);
    expect(types().slice(-3)).toEqual([
      "charge.succeeded",
      "payment_intent.succeeded",
      "checkout.session.completed",
    ]);
    for (const { body, headers } of sandbox.received)
      await client.webhooks.constructEventAsync(body, headers["stripe-signature"]!, secret);
    const [{ headers: genuine }] = sandbox.received as [ReceivedWebhook];
    await expect(
      client.webhooks.constructEventAsync("{}", genuine["stripe-signature"]!, secret),
    ).rejects.toThrow();
    const done = await client.checkout.sessions.retrieve(session.id, { expand: ["payment_intent"] });
    expect(done).toMatchObject({
      ...{ status: "complete", payment_status: "paid", client_reference_id: "cart-7", url: null },
      ...{
        customer_details: { email: "a@example.com", name: "Ada" },
        payment_intent: { status: "succeeded" },
      },
    });
    const log = await sandbox.admin<{ requests: { id: string }[] }>("GET", "/accounts/shop/preview/requests");
    for (const { id } of log.requests)
      expect(
        JSON.stringify(await sandbox.admin("GET", `/accounts/shop/preview/requests/${id}`)),
      ).not.toContain("4111");
  },
  limitMs,
);

test(
  "a subscription is bought at Checkout with a card whose bank asks, and is seen to at the portal",
  async () => {
    const monthly = await price(900, "month");
    const session = await client.checkout.sessions.create({
      ...{
        mode: "subscription",
        line_items: [{ price: monthly.id, quantity: 1 }],
        customer_email: "a@example.com",
      },
      ...{ success_url: "https://shop.localhost/ok", subscription_data: { metadata: { plan: "pro" } } },
    });
    const asked = await submit(session.url!, card("4000002500003155"));
    expect(asked.location).toContain("/stripe/authenticate/");
    const failed = await submit(asked.location!, { answer: "fail" });
    expect(await (await fetch(failed.location!)).text()).toContain("unable to authenticate");
    expect((await client.subscriptions.list()).data).toEqual([]);
    const again = await submit(session.url!, { ...card("4000002500003155"), name: "Ada Lovelace" });
    const back = await submit(again.location!, { answer: "complete" });
    const home = await fetch(back.location!, { redirect: "manual" });
    expect(home.headers.get("location")).toBe("https://shop.localhost/ok");
    const [subscription] = (await client.subscriptions.list({ expand: ["data.latest_invoice.payments"] }))
      .data;
    expect(subscription).toMatchObject({ status: "active", metadata: { plan: "pro" } });
    expect(subscription!.latest_invoice).toMatchObject({
      status: "paid",
      amount_paid: 900,
      billing_reason: "subscription_create",
    });
    const owner = subscription!.customer as string;
    expect(await client.customers.retrieve(owner)).toMatchObject({
      email: "a@example.com",
      name: "Ada Lovelace",
    });
    const portal = await client.billingPortal.sessions.create({
      customer: owner,
      return_url: "https://shop.localhost/",
    });
    expect(await (await fetch(portal.url)).text()).toContain("$9.00 / month");
    await submit(portal.url, { act: "cancel", id: subscription!.id });
    expect((await client.subscriptions.retrieve(subscription!.id)).cancel_at_period_end).toBe(true);
    await submit(portal.url, { act: "renew", id: subscription!.id });
    await submit(portal.url, { act: "add-card", ...card("5555555555554444") });
    const after = await client.subscriptions.retrieve(subscription!.id, {
      expand: ["default_payment_method"],
    });
    expect(after).toMatchObject({
      cancel_at_period_end: false,
      default_payment_method: { card: { brand: "mastercard" } },
    });
    const other = await client.customers.create();
    const stranger = await client.billingPortal.sessions.create({ customer: other.id });
    expect((await submit(stranger.url, { act: "cancel", id: subscription!.id })).text).toContain(
      "No such subscription",
    );
  },
  limitMs,
);

test(
  "a test clock lets a trial end, a card fail, and the subscription end, in the order of time",
  async () => {
    await listen();
    const startS = Date.UTC(2027, 0, 31) / 1_000;
    const clock = await client.testHelpers.testClocks.create({ frozen_time: startS });
    const readied = () => types().filter((type) => type === "test_helpers.test_clock.ready").length;
    const advance = async (toS: number) => {
      const before = readied();
      await client.testHelpers.testClocks.advance(clock.id, { frozen_time: toS });
      await sandbox.until(() => readied() > before);
      expect((await client.testHelpers.testClocks.retrieve(clock.id)).status).toBe("ready");
    };
    const buyer = await customer("pm_card_visa", clock.id);
    const monthly = await price(2_000, "month");
    const subscription = await client.subscriptions.create({
      ...{ customer: buyer.id, items: [{ price: monthly.id }], trial_period_days: 10 },
    });
    expect(subscription).toMatchObject({ status: "trialing", trial_end: startS + 10 * 86_400 });
    await sandbox.until(() => types().includes("invoice.payment_succeeded"));
    sandbox.received.length = 0;
    await advance(startS + 40 * 86_400);
    const told = types().filter((type) => /subscription|invoice\.(?!updated|upcoming)/.test(type));
    expect(told).toEqual([
      ...["customer.subscription.trial_will_end", "invoice.created", "customer.subscription.updated"],
      ...["invoice.finalized", "invoice.paid", "invoice.payment_succeeded"],
      ...[
        "invoice.created",
        "customer.subscription.updated",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
      ],
    ]);
    const times = events().flatMap(({ created, data }) => ("customer" in data.object ? [created] : []));
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    const renewed = await client.subscriptions.retrieve(subscription.id);
    expect(renewed.status).toBe("active");
    // From 10 February on, by the month.
    expect(renewed.items.data[0]!.current_period_end).toBe(Date.UTC(2027, 3, 10) / 1_000);
    const bad = await client.paymentMethods.attach("pm_card_chargeCustomerFail", { customer: buyer.id });
    await client.customers.update(buyer.id, { invoice_settings: { default_payment_method: bad.id } });
    sandbox.received.length = 0;
    await advance(startS + 70 * 86_400);
    expect((await client.subscriptions.retrieve(subscription.id)).status).toBe("past_due");
    await advance(startS + 90 * 86_400);
    const ended = await client.subscriptions.retrieve(subscription.id);
    expect(ended).toMatchObject({ status: "canceled", cancellation_details: { reason: "payment_failed" } });
    expect(types().filter((type) => type === "invoice.payment_failed")).toHaveLength(4);
    expect(types()).toContain("customer.subscription.deleted");
  },
  limitMs,
);

test(
  "a change of price is credited and charged by the second, and what is left over stays with the customer",
  async () => {
    const startS = Date.UTC(2027, 5, 1) / 1_000;
    const clock = await client.testHelpers.testClocks.create({ frozen_time: startS });
    const buyer = await customer("pm_card_visa", clock.id);
    const [small, large, yearly] = [
      await price(1_000, "month"),
      await price(3_000, "month"),
      await price(9_000, "year"),
    ];
    const made = await client.subscriptions.create({ customer: buyer.id, items: [{ price: small.id }] });
    await client.testHelpers.testClocks.advance(clock.id, { frozen_time: startS + 15 * 86_400 });
    await sandbox.until(
      async () => (await client.testHelpers.testClocks.retrieve(clock.id)).status === "ready",
    );
    const item = made.items.data[0]!.id;
    const changed = await client.subscriptions.update(made.id, {
      ...{
        items: [{ id: item, price: large.id }],
        proration_behavior: "always_invoice",
        expand: ["latest_invoice"],
      },
    });
    const invoice = changed.latest_invoice as Stripe.Invoice;
    expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([-500, 1_500]);
    expect(invoice).toMatchObject({
      status: "paid",
      amount_paid: 1_000,
      billing_reason: "subscription_update",
    });
    const smaller = await client.subscriptions.update(made.id, {
      ...{
        items: [{ id: item, price: small.id }],
        proration_behavior: "always_invoice",
        expand: ["latest_invoice"],
      },
    });
    expect(smaller.latest_invoice).toMatchObject({ amount_due: 0, status: "paid", ending_balance: -1_000 });
    expect(((await client.customers.retrieve(buyer.id)) as Stripe.Customer).balance).toBe(-1_000);
    const refused = await failure(
      client.subscriptions.update(made.id, { items: [{ id: item, price: yearly.id }] }),
    );
    expect(refused.message).toContain("change of a subscription's interval");
    expect((await client.invoices.createPreview({ subscription: made.id })).amount_due).toBe(0);
  },
  limitMs,
);

test(
  "what waits for a first payment is incomplete until it is there, or is not made at all",
  async () => {
    const monthly = await price(700, "month");
    const nobody = await customer();
    const items = [{ price: monthly.id }];
    expect((await failure(client.subscriptions.create({ customer: nobody.id, items }))).code).toBe(
      "resource_missing",
    );
    const waiting = await client.subscriptions.create({
      ...{
        customer: nobody.id,
        items,
        payment_behavior: "default_incomplete",
        expand: ["latest_invoice.confirmation_secret"],
      },
    });
    expect(waiting.status).toBe("incomplete");
    const { confirmation_secret: secret } = waiting.latest_invoice as Stripe.Invoice;
    const intent = secret!.client_secret.split("_secret_")[0]!;
    await client.paymentIntents.confirm(intent, { payment_method: "pm_card_visa" });
    expect((await client.subscriptions.retrieve(waiting.id)).status).toBe("active");
    const poor = await customer("pm_card_chargeCustomerFail");
    const create = { customer: poor.id, items, payment_behavior: "error_if_incomplete" } as const;
    expect((await failure(client.subscriptions.create(create))).code).toBe("card_declined");
    expect((await client.subscriptions.list({ customer: poor.id, status: "all" })).data).toEqual([]);
  },
  limitMs,
);

test(
  "an event that an endpoint does not take is sent again, with its signature of that time",
  async () => {
    let refusals = 2;
    sandbox.handler = () => new Response(null, { status: refusals-- > 0 ? 500 : 200 });
    await listen();
    const { id } = await client.customers.create({ name: "Ada" });
    await sandbox.until(() => sandbox.received.length === 3);
    const [event] = (await client.events.list({ type: "customer.created" })).data;
    await sandbox.until(async () => (await client.events.retrieve(event!.id)).pending_webhooks === 0);
    expect(event!.data.object).toMatchObject({ id, name: "Ada" });
    expect(new Set(events().map((each) => each.id)).size).toBe(1);
  },
  limitMs,
);
