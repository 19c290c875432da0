import { afterEach, beforeEach, expect, test } from "bun:test";
import Twilio from "twilio";
import { type Phone, phonesOf } from "../../phones/phone.ts";
import { TestSandbox } from "../../testing/test-sandbox.ts";
import { givenNumber } from "../credentials.ts";
import { twilioClient } from "../test-client.ts";
import { twilio } from "../twilio.ts";

const person = "+14155552671";
const base = "https://shop.localhost:7080";
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

const phone = (more: Partial<Phone>) =>
  phonesOf(sandbox.account()).put(person, { number: person, holder: "persona", pickup: "answers", ...more });
const asked = (path: string) =>
  sandbox.received
    .filter(({ url }) => new URL(url).pathname === path)
    .map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
const ended = async (sid: string) => {
  let call = await client.calls(sid).fetch();
  await sandbox.until(async () => {
    call = await client.calls(sid).fetch();
    return !["queued", "ringing", "in-progress"].includes(call.status);
  });
  return call;
};
const lines = (sid: string) =>
  twilio
    .phones!.calls(sandbox.account())
    .find(({ id }) => id === sid)!
    .lines.map(({ who, text }) => `${who}: ${text}`);
/** TwiML by path. */
const app = (pages: Record<string, string>) => {
  sandbox.handler = ({ url }) => pages[new URL(url).pathname] ?? new Response(null, { status: 204 });
};

test("a call is placed, its TwiML followed through Gather, Redirect and Record, and every callback is signed", async () => {
  phone({ presses: ["1"], says: ["Hello?", "Please call me back tomorrow."] });
  app({
    "/voice": `<?xml version="1.0" encoding="UTF-8"?><Response><Say>Good day &amp; welcome.</Say><Gather numDigits="1" action="/choice"><Say>Press 1 to leave a message.</Say></Gather><Say>Not reached</Say></Response>`,
    "/choice": `<Response><Redirect>/record?from=choice</Redirect></Response>`,
    "/record": `<Response><Say>After the tone.</Say><Record maxLength="20" timeout="3" action="/done" recordingStatusCallback="/recorded"/></Response>`,
    "/done": `<Response><Say>Thank you.</Say><Pause length="2"/><Hangup/><Say>Not reached</Say></Response>`,
  });
  const call = await client.calls.create({
    to: person,
    from,
    url: `${base}/voice`,
    statusCallback: `${base}/status`,
    statusCallbackEvent: ["initiated", "ringing", "answered", "completed"],
  });
  expect(call).toMatchObject({ status: "queued", direction: "outbound-api", duration: null });
  const over = await ended(call.sid);
  await sandbox.until(() => asked("/status").length === 4 && asked("/recorded").length === 1);
  expect(over.status).toBe("completed");
  expect(asked("/status").map(({ CallStatus }) => CallStatus)).toEqual([
    "initiated",
    "ringing",
    "in-progress",
    "completed",
  ]);
  expect(asked("/status").map(({ SequenceNumber }) => SequenceNumber)).toEqual(["0", "1", "2", "3"]);
  expect(asked("/status").at(-1)!["CallDuration"]).toBe(over.duration);
  expect(Number(over.duration)).toBeGreaterThan(5);
  expect(asked("/choice")).toMatchObject([{ Digits: "1", CallSid: call.sid, CallStatus: "in-progress" }]);
  const [done] = asked("/done");
  expect(done!["RecordingUrl"]).toStartWith("https://api.twilio.com/2010-04-01/Accounts/AC");
  expect(Number(done!["RecordingDuration"])).toBeGreaterThan(0);
  expect(lines(call.sid)).toEqual([
    "person: Hello?",
    "app: Good day & welcome.",
    "app: Press 1 to leave a message.",
    "person: (presses 1)",
    "app: After the tone.",
    "person: Please call me back tomorrow.",
    "app: Thank you.",
  ]);
  for (const { url, body, headers } of sandbox.received) {
    const params = Object.fromEntries(new URLSearchParams(body));
    expect(Twilio.validateRequest(token, headers["x-twilio-signature"]!, url, params)).toBe(true);
  }
  const [recording] = await client.recordings.list({ callSid: call.sid });
  expect(recording!.duration).toBe(done!["RecordingDuration"]!);
  expect(await client.calls.list({ status: "completed", to: person })).toHaveLength(1);
}, 60_000);

test("speech is gathered, and TwiML is asked by GET where the app wants that", async () => {
  phone({ says: ["Hello?", "A table for two."] });
  app({
    "/voice": `<Response><Gather input="speech" action="/said" method="GET"><Say>How can I help?</Say></Gather></Response>`,
    "/said": `<Response><Say>Done.</Say></Response>`,
  });
  const { sid } = await client.calls.create({ to: person, from, url: `${base}/voice`, method: "GET" });
  await ended(sid);
  const [voice, said] = sandbox.received;
  expect(voice!.method).toBe("GET");
  const { searchParams } = new URL(said!.url);
  expect(searchParams.get("SpeechResult")).toBe("A table for two.");
  expect(Number(searchParams.get("Confidence"))).toBeGreaterThan(0.8);
  expect(Twilio.validateRequest(token, said!.headers["x-twilio-signature"]!, said!.url, {})).toBe(true);
}, 60_000);

test("nobody answers, the line is busy, a machine answers", async () => {
  const twiml = "<Response><Say>Hello</Say></Response>";
  phone({ pickup: "no_answer" });
  expect(
    (await ended((await client.calls.create({ to: person, from, twiml, timeout: 20 })).sid)).status,
  ).toBe("no-answer");
  phone({ pickup: "busy" });
  expect((await ended((await client.calls.create({ to: person, from, twiml })).sid)).status).toBe("busy");
  phone({ pickup: "voicemail", says: ["Leave a message."] });
  const { sid } = await client.calls.create({ to: person, from, twiml, machineDetection: "Enable" });
  expect(await ended(sid)).toMatchObject({ status: "completed", answeredBy: "machine_start" });
}, 60_000);

test("a call is ended and redirected from outside, and only while that is possible", async () => {
  phone({ ringMs: 1_000 });
  const twiml = '<Response><Pause length="3600"/></Response>';
  const { sid } = await client.calls.create({ to: person, from, twiml });
  await sandbox.until(async () => (await client.calls(sid).fetch()).status === "in-progress");
  await client.calls(sid).update({ twiml: "<Response><Say>Changed</Say></Response>" });
  expect((await ended(sid)).status).toBe("completed");
  expect(lines(sid)).toContain("app: Changed");
  const failed = await client
    .calls(sid)
    .update({ twiml })
    .catch((error) => error);
  expect(failed.code).toBe(21220);
}, 60_000);

test("a person calls in and presses keys; the app rejects another", async () => {
  const [number] = await client.incomingPhoneNumbers.list();
  await client
    .incomingPhoneNumbers(number!.sid)
    .update({ voiceUrl: `${base}/in`, statusCallback: `${base}/status` });
  app({
    "/in": `<Response><Gather finishOnKey="#" action="/code"><Say>Your code, please.</Say></Gather></Response>`,
    "/code": `<Response><Dial action="/dialled"><Number>+14155550188</Number></Dial></Response>`,
    "/dialled": "<Response><Hangup/></Response>",
  });
  const phones = twilio.phones!;
  phonesOf(sandbox.account()).put(person, { number: person, holder: "person" });
  const { id } = phones.call!(sandbox.account(), person, from)!;
  await sandbox.until(() => phones.calls(sandbox.account())[0]!.asks === "keys");
  expect(phones.act(sandbox.account(), id, { type: "press", keys: "12" })).toBe(true);
  expect(phones.act(sandbox.account(), id, { type: "press", keys: "3#" })).toBe(true);
  expect((await ended(id)).status).toBe("completed");
  expect(asked("/code")).toMatchObject([{ Digits: "123", FinishedOnKey: "#" }]);
  expect(asked("/dialled")[0]!["DialCallStatus"]).toBeOneOf(["completed", "no-answer", "busy"]);
  app({ "/in": '<Response><Reject reason="busy"/></Response>' });
  expect((await ended(phones.call!(sandbox.account(), "+14155552675", from)!.id)).status).toBe("busy");
}, 60_000);

test("an app that fails is told apart, and the fallback is asked", async () => {
  phone({});
  sandbox.handler = ({ url }) =>
    url.includes("/fallback")
      ? "<Response><Say>Fallback</Say></Response>"
      : new Response("Oops", { status: 500 });
  const saved = await client.calls.create({
    to: person,
    from,
    url: `${base}/voice`,
    fallbackUrl: `${base}/fallback`,
  });
  await ended(saved.sid);
  expect(asked("/fallback")[0]).toMatchObject({ ErrorCode: "11200", ErrorUrl: `${base}/voice` });
  expect(lines(saved.sid)).toContain("app: Fallback");
  sandbox.handler = () => "<Response><Say>unclosed</Response>";
  const broken = await client.calls.create({ to: person, from, url: `${base}/voice` });
  await ended(broken.sid);
  expect(lines(broken.sid).join("\n")).toContain("Error 12100");
}, 60_000);

test("numbers are looked up", async () => {
  const found = await client.lookups.v2
    .phoneNumbers("+14155552671")
    .fetch({ fields: "line_type_intelligence" });
  expect(found).toMatchObject({ valid: true, countryCode: "US", nationalFormat: "(415) 555-2671" });
  expect(found.lineTypeIntelligence.type).toBe("mobile");
  const bad = await client.lookups.v2.phoneNumbers("+1415").fetch();
  expect(bad.valid).toBe(false);
  expect(bad.validationErrors).toEqual(["TOO_SHORT"]);
});
