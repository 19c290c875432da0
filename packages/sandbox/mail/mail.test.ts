import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { IncomingWebhook } from "@slack/webhook";
import Mailgun from "mailgun.js";
import { Resend } from "resend";
import { mailgun } from "../mailgun/mailgun.ts";
import { pagerduty } from "../pagerduty/pagerduty.ts";
import { resend } from "../resend/resend.ts";
import { slack } from "../slack/slack.ts";
import { TestSandbox } from "../testing/test-sandbox.ts";

const limitMs = 60_000;
const one = "/accounts/shop/preview";
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await TestSandbox.start([resend, mailgun, slack, pagerduty]);
  sandbox.account().setSpeed(1_000);
});
afterAll(() => sandbox.stop());

interface Listed {
  id: string;
  provider: string;
  subject: string;
  to: string[];
  attachments: { name: string; sizeBytes: number }[];
}
const inbox = async () => (await sandbox.admin<{ mail: Listed[] }>("GET", `${one}/mail`)).mail;

test(
  "mail by Resend's SDK is in the inbox, once for each idempotency key, and mistakes are told by field",
  async () => {
    const { RESEND_API_KEY: key, RESEND_BASE_URL: baseUrl } = sandbox.variables(resend);
    const client = new Resend(key, { baseUrl: baseUrl! });
    const mail = {
      from: "Shop <shop@example.com>",
      to: ["a@example.com"],
      subject: "Your order",
      html: "<p>Thanks</p>",
    };
    const first = await client.emails.send(
      {
        ...mail,
        attachments: [{ filename: "bill.txt", content: Buffer.from("12 apples").toString("base64") }],
      },
      { idempotencyKey: "order-1" },
    );
    expect(first.error).toBeNull();
    const again = await client.emails.send(
      {
        ...mail,
        attachments: [{ filename: "bill.txt", content: Buffer.from("12 apples").toString("base64") }],
      },
      { idempotencyKey: "order-1" },
    );
    expect(again.data!.id).toBe(first.data!.id);
    const other = await client.emails.send({ ...mail, subject: "Another" }, { idempotencyKey: "order-1" });
    expect(other.error).toMatchObject({ name: "invalid_idempotent_request" });
    expect((await inbox()).filter(({ provider }) => provider === "resend")).toMatchObject([
      { subject: "Your order", to: ["a@example.com"], attachments: [{ name: "bill.txt", sizeBytes: 9 }] },
    ]);
    expect((await client.emails.get(first.data!.id)).data).toMatchObject({
      subject: "Your order",
      html: "<p>Thanks</p>",
    });
    const wrong = await client.emails.send({ ...mail, to: "nobody" });
    expect(wrong.error).toMatchObject({ name: "validation_error", message: expect.stringContaining("`to`") });
    const stranger = await new Resend("re_wrong", { baseUrl: baseUrl! }).emails.send(mail);
    expect(stranger.error).toMatchObject({ name: "invalid_api_key" });
  },
  limitMs,
);

test(
  "mail by Mailgun's SDK is in the same inbox",
  async () => {
    const variables = sandbox.variables(mailgun);
    const client = new Mailgun(FormData).client({
      ...{ username: "api", key: variables["MAILGUN_API_KEY"]!, url: variables["MAILGUN_URL"]! },
    });
    const domain = variables["MAILGUN_DOMAIN"]!;
    const sent = await client.messages.create(domain, {
      ...{
        from: `Class <class@${domain}>`,
        to: ["b@example.com", "c@example.com"],
        subject: "Verify",
        text: "Code 123456",
      },
      attachment: [{ filename: "terms.txt", data: Buffer.from("terms") }],
    });
    expect(sent).toMatchObject({ message: "Queued. Thank you." });
    const [mail] = await inbox();
    expect(mail).toMatchObject({
      provider: "mailgun",
      to: ["b@example.com", "c@example.com"],
      attachments: [{ name: "terms.txt" }],
    });
    expect(await sandbox.admin("GET", `${one}/mail/${mail!.id}`)).toMatchObject({ text: "Code 123456" });
    await sandbox.until(
      async () => (await client.events.get(domain, { event: "delivered" })).items.length === 2,
    );
    await expect(
      (async () =>
        await client.messages.create("example.org", {
          from: "a@b.cd",
          to: "c@d.ef",
          subject: "x",
          text: "x",
        }))(),
    ).rejects.toMatchObject({ status: 404 });
  },
  limitMs,
);

test(
  "Slack's SDK posts to the webhook of the account, and an unknown one is refused",
  async () => {
    const url = sandbox.variables(slack)["SLACK_WEBHOOK_URL"]!;
    expect(
      await new IncomingWebhook(url).send({ text: "Deployed", blocks: [{ type: "divider" }] }),
    ).toMatchObject({ text: "ok" });
    const { messages } = await sandbox.admin<{ messages: object[] }>("GET", `${one}/slack`);
    expect(messages).toMatchObject([{ text: "Deployed", blocks: [{ type: "divider" }] }]);
    const ask = (path: string, body: string) => fetch(path, { method: "POST", body });
    expect(await (await ask(`${url}x`, '{"text":"a"}')).text()).toBe("no_service");
    expect(await (await ask(url, "{}")).text()).toBe("no_text");
    expect(await (await ask(url, "{")).text()).toBe("invalid_payload");
  },
  limitMs,
);

const endpoint = (provider: string, url: string, events = ["*"]) =>
  sandbox.admin<{ id: string }>("POST", `${one}/endpoints`, { provider, url, events });
const received = (path: string) => sandbox.received.filter(({ url }) => new URL(url).pathname === path);

test(
  "Resend tells by signed webhooks what became of an email, and again where it was not heard",
  async () => {
    const variables = sandbox.variables(resend);
    const client = new Resend(variables["RESEND_API_KEY"], { baseUrl: variables["RESEND_BASE_URL"]! });
    await endpoint("resend", "https://shop.localhost:7080/resend", ["email.delivered", "email.bounced"]);
    let refusals = 1;
    sandbox.handler = () => new Response(null, { status: refusals-- > 0 ? 500 : 200 });
    const send = async (to: string) =>
      (await client.emails.send({ from: "shop@example.com", to, subject: "Hi", text: "x" })).data!.id;
    const [good, bad] = [await send("delivered@resend.dev"), await send("bounced@resend.dev")];
    await sandbox.until(() => received("/resend").length === 3);
    const seen = received("/resend").map(({ body, headers }) =>
      client.webhooks.verify({
        payload: body,
        headers: {
          ...{
            id: headers["svix-id"]!,
            timestamp: headers["svix-timestamp"]!,
            signature: headers["svix-signature"]!,
          },
        },
        webhookSecret: variables["RESEND_WEBHOOK_SECRET"]!,
      }),
    );
    const told = seen.map((event) => `${event.type} ${(event.data as { email_id: string }).email_id}`);
    expect(new Set(told)).toEqual(new Set([`email.delivered ${good}`, `email.bounced ${bad}`]));
    expect(new Set(received("/resend").map(({ headers }) => headers["svix-id"])).size).toBe(2);
    expect((await client.emails.get(bad)).data!.last_event).toBe("bounced");
    expect(() =>
      client.webhooks.verify({
        ...{ payload: "{}", headers: { id: "msg_1", timestamp: "1", signature: "v1,x" } },
        webhookSecret: variables["RESEND_WEBHOOK_SECRET"]!,
      }),
    ).toThrow();
  },
  limitMs,
);

test(
  "Mailgun tells for each recipient, signed in the body, and stops at 406",
  async () => {
    const variables = sandbox.variables(mailgun);
    const [domain, key] = [variables["MAILGUN_DOMAIN"]!, variables["MAILGUN_API_KEY"]!];
    await endpoint("mailgun", "https://shop.localhost:7080/mailgun");
    sandbox.handler = () => new Response(null, { status: 406 });
    const client = new Mailgun(FormData).client({ username: "api", key, url: variables["MAILGUN_URL"]! });
    await client.messages.create(domain, {
      from: `a@${domain}`,
      to: ["d@example.com", "bounce@example.com"],
      text: "x",
    });
    await sandbox.until(() => received("/mailgun").length === 4);
    const told = received("/mailgun").map(({ body }) => {
      const { signature, "event-data": event } = JSON.parse(body);
      // As Mailgun's documentation says.
      const digest = createHmac("sha256", variables["MAILGUN_WEBHOOK_SIGNING_KEY"]!)
        .update(signature.timestamp + signature.token)
        .digest("hex");
      expect(signature.signature).toBe(digest);
      return `${event.event} ${event.recipient}`;
    });
    expect(told.toSorted()).toEqual([
      ...["accepted bounce@example.com", "accepted d@example.com"],
      ...["delivered d@example.com", "failed bounce@example.com"],
    ]);
    const refused = endpoint("slack", "https://shop.localhost:7080/slack");
    await expect(refused).rejects.toThrow("no provider whose webhooks are registered");
  },
  limitMs,
);

test(
  "PagerDuty's events open, acknowledge and resolve one alert for each key",
  async () => {
    const key = sandbox.variables(pagerduty)["PAGERDUTY_ROUTING_KEY"]!;
    const server = `127.0.0.1:${sandbox.port}/pagerduty`;
    const post = async (data: object) =>
      (
        await fetch(`http://${server}/v2/enqueue`, {
          method: "POST",
          body: JSON.stringify({ routing_key: key, ...data }),
        })
      ).json() as Promise<{ status: string; dedup_key: string; errors?: string[] }>;
    const payload = { summary: "Errors above 5 %", source: "shop", severity: "critical" };
    const { dedup_key } = await post({ event_action: "trigger", payload });
    await post({ event_action: "trigger", dedup_key, payload });
    await post({ event_action: "acknowledge", dedup_key });
    await post({ event_action: "resolve", dedup_key });
    const { alerts } = await sandbox.admin<{ alerts: { status: string; events: object[] }[] }>(
      "GET",
      `${one}/alerts`,
    );
    expect(alerts).toMatchObject([{ status: "resolved", summary: "Errors above 5 %" }]);
    expect(alerts[0]!.events).toHaveLength(4);
    const wrong = await post({ event_action: "trigger", payload: { ...payload, severity: "bad" } });
    expect(wrong).toMatchObject({ status: "invalid event", errors: [expect.stringContaining("severity")] });
  },
  limitMs,
);
