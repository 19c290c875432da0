import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import Twilio from "twilio";
import { phonesOf } from "../../phones/phone.ts";
import { TestSandbox } from "../../testing/test-sandbox.ts";
import { givenNumber } from "../credentials.ts";
import { twilioSignature } from "../signature.ts";
import { twilioClient } from "../test-client.ts";
import { twilio } from "../twilio.ts";

const person = "+14155552671";
let sandbox: TestSandbox;
let client: Twilio.Twilio;
let from: string;
let token: string;
beforeEach(async () => {
  sandbox = await TestSandbox.start([twilio]);
  client = twilioClient(sandbox);
  from = givenNumber(sandbox.account());
  token = sandbox.variables(twilio)["TWILIO_AUTH_TOKEN"]!;
  sandbox.account().setSpeed(1_000);
});
afterEach(() => sandbox.stop());

const forms = () => sandbox.received.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  return { status: error?.status, code: error?.code };
};

test("a message goes from queued to delivered, and each step reaches the status callback with a signature the SDK accepts", async () => {
  phonesOf(sandbox.account()).put(person, { number: person, holder: "persona", texts: "delivered" });
  const statusCallback = "https://shop.localhost:7080/sms/status?order=7";
  const sent = await client.messages.create({
    to: person,
    from,
    body: "Your table is booked",
    statusCallback,
  });
  expect(sent).toMatchObject({
    status: "queued",
    numSegments: "1",
    direction: "outbound-api",
    errorCode: null,
    from,
    to: person,
  });
  expect(sent.sid).toMatch(/^SM[0-9a-f]{32}$/);
  await sandbox.until(() => sandbox.received.length === 3);
  expect(forms().map(({ MessageStatus }) => MessageStatus)).toEqual(["queued", "sent", "delivered"]);
  for (const { url, body, headers } of sandbox.received) {
    const params = Object.fromEntries(new URLSearchParams(body));
    expect(Twilio.validateRequest(token, headers["x-twilio-signature"]!, url, params)).toBe(true);
    expect(Twilio.validateRequest("another token", headers["x-twilio-signature"]!, url, params)).toBe(false);
  }
  const fetched = await client.messages(sent.sid).fetch();
  expect(fetched.status).toBe("delivered");
  expect(fetched.dateSent).toBeInstanceOf(Date);
  expect(fetched.price).toBe("-0.00830");
}, 60_000);

test("status callbacks arrive out of order where a fault reorders them, and none is missing", async () => {
  await sandbox.admin("POST", "/accounts/shop/preview/faults", {
    ...{ provider: "twilio", fault: { type: "webhook_reordered" }, match: "message-status", times: 1 },
  });
  phonesOf(sandbox.account()).put(person, { number: person, holder: "persona", texts: "delivered" });
  const statusCallback = "https://shop.localhost:7080/sms/status";
  await client.messages.create({ to: person, from, body: "Hello", statusCallback });
  await sandbox.until(() => sandbox.received.length === 3);
  expect(forms().map(({ MessageStatus }) => MessageStatus)).toEqual(["sent", "queued", "delivered"]);
}, 60_000);

test("a message that does not arrive says why", async () => {
  phonesOf(sandbox.account()).put(person, { number: person, holder: "persona", texts: "undelivered" });
  const { sid } = await client.messages.create({ to: person, from, body: "Hello" });
  await sandbox.until(async () => (await client.messages(sid).fetch()).status === "undelivered");
  const { errorCode, errorMessage } = await client.messages(sid).fetch();
  expect([30003, 30005, 30006]).toContain(errorCode);
  expect(errorMessage).toBeString();
}, 60_000);

test("what Twilio refuses is refused with its codes, at magic numbers too", async () => {
  const send = (to: string, sender = from, body = "Hi") =>
    refusal(client.messages.create({ to, from: sender, body }));
  expect(await send("123")).toEqual({ status: 400, code: 21211 });
  expect(await send("+15005550001")).toEqual({ status: 400, code: 21211 });
  expect(await send("+15005550002")).toEqual({ status: 400, code: 21612 });
  expect(await send("+15005550003")).toEqual({ status: 400, code: 21408 });
  expect(await send("+15005550004")).toEqual({ status: 400, code: 21610 });
  expect(await send("+15005550009")).toEqual({ status: 400, code: 21614 });
  expect(await send(person, "+15005550001")).toEqual({ status: 400, code: 21212 });
  expect(await send(person, "+15005550007")).toEqual({ status: 400, code: 21606 });
  expect(await send(person, "+15005550008")).toEqual({ status: 429, code: 21611 });
  expect(await send(person, "+14155550000")).toEqual({ status: 400, code: 21606 });
  expect(await send(person, from, "")).toEqual({ status: 400, code: 21602 });
  expect(await send(person, from, "x".repeat(1_601))).toEqual({ status: 400, code: 21617 });
  expect(await send(person, "+15005550006")).toEqual({ status: undefined, code: undefined });
  expect(await refusal(client.messages("SM00000000000000000000000000000000").fetch())).toEqual({
    status: 404,
    code: 20404,
  });
  expect(await refusal(twilioClient(sandbox, "wrong").messages.list())).toEqual({ status: 401, code: 20003 });
});

test("who texts STOP gets no more until START, and HELP is answered", async () => {
  const [number] = await client.incomingPhoneNumbers.list();
  await client.incomingPhoneNumbers(number!.sid).update({ smsUrl: "https://shop.localhost:7080/sms" });
  sandbox.handler = () => "<Response><Message>Thanks!</Message></Response>";
  const text = (body: string) => twilio.phones!.text!(sandbox.account(), person, from, body);
  const received = async () => {
    const messages = await client.messages.list({ to: person });
    return messages.map(({ body }) => body).reverse();
  };
  text("Hi there");
  await sandbox.until(async () => (await received()).length === 1);
  expect(await received()).toEqual(["Thanks!"]);
  const { url, body, headers } = sandbox.received[0]!;
  const params = Object.fromEntries(new URLSearchParams(body));
  expect(params).toMatchObject({
    From: person,
    To: from,
    Body: "Hi there",
    SmsStatus: "received",
    NumMedia: "0",
  });
  expect(Twilio.validateRequest(token, headers["x-twilio-signature"]!, url, params)).toBe(true);
  text(" stop ");
  await sandbox.until(() => sandbox.received.length === 2);
  expect((await received()).at(-1)).toContain("successfully been unsubscribed");
  expect(await refusal(client.messages.create({ to: person, from, body: "News" }))).toEqual({
    status: 400,
    code: 21610,
  });
  text("Start");
  await sandbox.until(async () => (await received()).some((each) => each.includes("re-subscribed")));
  await client.messages.create({ to: person, from, body: "News" });
  text("help");
  await sandbox.until(async () =>
    (await received()).some((each) => each.startsWith("Reply STOP to unsubscribe.")),
  );
}, 60_000);

test("lists are paged, newest first, and filtered", async () => {
  for (let index = 0; index < 7; index++)
    await client.messages.create({ to: person, from, body: `No ${index}` });
  await client.messages.create({ to: "+14155552672", from, body: "Other" });
  const all = await client.messages.list({ pageSize: 3 });
  expect(all.map(({ body }) => body)).toEqual([
    "Other",
    "No 6",
    "No 5",
    "No 4",
    "No 3",
    "No 2",
    "No 1",
    "No 0",
  ]);
  const page = await client.messages.page({ pageSize: 3 });
  await client.messages.create({ to: person, from, body: "New" });
  const next = await page.nextPage();
  expect(next!.instances.map(({ body }) => body)).toEqual(["No 4", "No 3", "No 2"]);
  expect(await client.messages.list({ to: "+14155552672" })).toHaveLength(1);
});

test("a signature over a URL with the hash of a JSON body is the SDK's", () => {
  const body = JSON.stringify({ event: "call" });
  const hash = createHash("sha256").update(body).digest("hex");
  const url = `https://shop.localhost:7080/events?bodySHA256=${hash}`;
  expect(Twilio.validateRequestWithBody(token, twilioSignature(token, url), url, body)).toBe(true);
  expect(Twilio.validateRequestWithBody(token, twilioSignature(token, url), url, `${body} `)).toBe(false);
});
