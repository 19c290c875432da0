import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { type Vapi, VapiClient, type VapiError } from "@vapi-ai/server-sdk";
import { type Phone, phonesOf } from "../phones/phone.ts";
import { TestSandbox } from "../testing/test-sandbox.ts";
import { setConcurrencyLimit } from "./calls/call-life.ts";
import { vapi } from "./vapi.ts";

const number = "+14155552671";
const server = { url: "https://shop.localhost:7080/vapi" };
let sandbox: TestSandbox;
let client: VapiClient;
let phoneNumberId: string;
beforeEach(async () => {
  sandbox = await TestSandbox.start([vapi]);
  const variables = sandbox.variables(vapi);
  client = new VapiClient({
    token: variables["VAPI_API_KEY"]!,
    baseUrl: sandbox.base("vapi"),
    maxRetries: 0,
  });
  phoneNumberId = variables["VAPI_PHONE_NUMBER_ID"]!;
  sandbox.account().setSpeed(1_000);
});
afterEach(() => sandbox.stop());

const phone = (more: Partial<Phone>) =>
  phonesOf(sandbox.account()).put(number, { number, holder: "persona", pickup: "answers", ...more });
const call = async (more: object = {}): Promise<Vapi.Call> =>
  (await client.calls.create({
    phoneNumberId,
    customer: { number },
    assistant: { firstMessage: "Hello {{name}}!", server },
    assistantOverrides: { variableValues: { name: "Ada" } },
    ...more,
  } as Vapi.CreateCallDto)) as Vapi.Call;
const ended = async (id: string): Promise<Vapi.Call & { transcript?: string }> => {
  let seen: Vapi.Call | undefined;
  await sandbox.until(async () => {
    seen = await client.calls.get({ id });
    return seen.status === "ended";
  });
  return seen!;
};
const messages = (type: string) =>
  sandbox.received.map(({ body }) => JSON.parse(body).message).filter((message) => message.type === type);

test("a call goes from queued to ended, and the server hears each status and the report", async () => {
  phone({ says: ["Hello?", "Yes, tomorrow works.", "Goodbye."] });
  const assistant = await client.assistants.create({
    name: "Booker",
    firstMessage: "Hello {{name}}!",
    server,
    analysisPlan: {
      structuredDataPlan: {
        schema: { type: "object", properties: { mood: { type: "string", enum: ["good"] } } },
      },
    },
  } as Vapi.CreateAssistantDto);
  expect(assistant.orgId).toMatch(/^[0-9a-f-]{36}$/);
  const placed = await call({ assistant: undefined, assistantId: assistant.id });
  expect(placed).toMatchObject({ status: "queued", type: "outboundPhoneCall", assistantId: assistant.id });
  const over = await ended(placed.id);
  expect(over.endedReason).toBe("assistant-ended-call");
  expect(over.artifact!.transcript).toStartWith("AI: Hello Ada!\nUser: Hello?\nAI: ");
  expect(over.cost).toBeGreaterThan(0);
  expect(over.costBreakdown!.total).toBe(over.cost!);
  expect(over.analysis).toMatchObject({ structuredData: { mood: "good" }, successEvaluation: "true" });
  await sandbox.until(() => messages("end-of-call-report").length === 1);
  expect(messages("status-update").map(({ status }) => status)).toEqual([
    "queued",
    "ringing",
    "in-progress",
    "ended",
  ]);
  const [report] = messages("end-of-call-report");
  expect(report).toMatchObject({
    endedReason: "assistant-ended-call",
    cost: over.cost,
    call: { id: placed.id },
  });
  expect(report.durationSeconds).toBeGreaterThan(3);
  const recording = await client.calls
    .callArtifactControllerMonoRecordingDownload?.({ id: placed.id })
    .catch(() => undefined);
  expect(recording === undefined || typeof recording).toBeTruthy();
  const listed = await client.calls.list({ assistantId: assistant.id, limit: 5 });
  expect(listed.map(({ id }) => id)).toEqual([placed.id]);
  expect(await client.calls.list({ createdAtGt: over.createdAt })).toEqual([]);
}, 60_000);

test.each([
  ["busy", "customer-busy"],
  ["no_answer", "customer-did-not-answer"],
  ["voicemail", "voicemail"],
] as const)(
  "a phone that is %s ends the call by %s",
  async (pickup, reason) => {
    phone({ pickup });
    expect((await ended((await call()).id)).endedReason).toBe(reason);
  },
  60_000,
);

test("the assistant calls its functions and tells what they returned", async () => {
  phone({ says: ["Is there a table on Friday?", "Thanks, bye."] });
  sandbox.handler = ({ body }) => {
    const { message } = JSON.parse(body);
    if (message.type !== "tool-calls") return Response.json({});
    const [toolCall] = message.toolCallList;
    return Response.json({
      results: [
        { name: toolCall.name, toolCallId: toolCall.id, result: `free on ${toolCall.arguments.day}` },
      ],
    });
  };
  const parameters = { type: "object", properties: { day: { type: "string", enum: ["Friday"] } } };
  const { id } = await call({
    assistant: {
      firstMessage: "How can I help?",
      server,
      model: {
        provider: "openai",
        model: "gpt-4o",
        tools: [{ type: "function", function: { name: "find_table", parameters } }],
      },
    },
  });
  const over = await ended(id);
  expect(over.artifact!.transcript).toContain("AI: Here is what I found: free on Friday");
  expect(messages("tool-calls")).toHaveLength(1);
}, 60_000);

test("no more calls are connected than the account has lines", async () => {
  setConcurrencyLimit(sandbox.account(), 2);
  sandbox.account().setSpeed(1);
  const placed = [await call(), await call(), await call()] as (Vapi.Call & { subscriptionLimits: object })[];
  expect(placed.map(({ subscriptionLimits }) => subscriptionLimits)).toEqual([
    { concurrencyBlocked: false, concurrencyLimit: 2, remainingConcurrentCalls: 2 },
    { concurrencyBlocked: false, concurrencyLimit: 2, remainingConcurrentCalls: 1 },
    { concurrencyBlocked: true, concurrencyLimit: 2, remainingConcurrentCalls: 0 },
  ]);
  expect((await client.calls.get({ id: placed[2]!.id })).endedReason).toBe(
    "call.start.error-subscription-concurrency-limit-reached" as Vapi.CallEndedReason,
  );
}, 60_000);

test("messages carry the secret, or the HMAC that a credential asks for", async () => {
  phone({ pickup: "busy" });
  await ended((await call({ assistant: { server: { ...server, secret: "shared" } } })).id);
  expect(sandbox.received.every(({ headers }) => headers["x-vapi-secret"] === "shared")).toBe(true);
  await sandbox.until(() => sandbox.account().pending.events === 0);
  sandbox.received.length = 0;
  const authenticationPlan = {
    type: "hmac",
    secretKey: "key",
    algorithm: "sha256",
    signaturePrefix: "sha256=",
  };
  const response = await fetch(`${sandbox.base("vapi")}/credential`, {
    method: "POST",
    headers: { authorization: `Bearer ${sandbox.variables(vapi)["VAPI_API_KEY"]}` },
    body: JSON.stringify({ provider: "custom-credential", authenticationPlan }),
  });
  const { id: credentialId } = (await response.json()) as { id: string };
  await ended((await call({ assistant: { server: { ...server, credentialId } } })).id);
  await sandbox.until(() => messages("end-of-call-report").length === 1);
  for (const { headers, body } of sandbox.received) {
    const digest = createHmac("sha256", "key").update(`${headers["x-timestamp"]}.${body}`).digest("hex");
    expect(headers["x-signature"]).toBe(`sha256=${digest}`);
  }
}, 60_000);

test("what Vapi refuses is refused in its shape", async () => {
  const refusal = async (work: Promise<unknown>) => {
    const error = (await work.then(
      () => undefined,
      (thrown) => thrown,
    )) as VapiError;
    return { status: error.statusCode, message: String((error.body as { message: unknown }).message) };
  };
  expect(await refusal(call({ customer: { number: "4155552671" } }))).toMatchObject({
    status: 400,
    message: expect.stringContaining("E.164"),
  });
  expect(await refusal(call({ assistant: undefined, assistantId: "missing" }))).toMatchObject({
    status: 400,
  });
  expect(await refusal(client.calls.get({ id: "missing" }))).toMatchObject({ status: 404 });
  const stranger = new VapiClient({ token: "wrong", baseUrl: sandbox.base("vapi"), maxRetries: 0 });
  expect(await refusal(stranger.calls.list())).toMatchObject({
    status: 401,
    message: expect.stringContaining("Invalid Key"),
  });
});

test("a person calls in and talks; the app chooses the assistant", async () => {
  await client.phoneNumbers.update({ id: phoneNumberId, body: { provider: "vapi", server } } as never);
  sandbox.handler = ({ body }) =>
    Response.json(
      JSON.parse(body).message.type === "assistant-request"
        ? { assistant: { firstMessage: "Hi!", server } }
        : {},
    );
  const phones = vapi.phones!;
  const account = sandbox.account();
  phonesOf(account).put(number, { number, holder: "person" });
  const appNumber = String(
    ((await client.phoneNumbers.get({ id: phoneNumberId })) as { number?: string }).number,
  );
  const { id } = phones.call!(account, number, appNumber)!;
  await sandbox.until(() => phones.calls(account)[0]!.state === "talking");
  expect(phones.act(account, id, { type: "say", text: "Hello there" })).toBe(true);
  expect(phones.act(account, id, { type: "hang_up" })).toBe(true);
  expect((await ended(id)).endedReason).toBe("customer-ended-call");
  expect((await ended(id)).artifact!.transcript).toContain("User: Hello there");
}, 60_000);

const placeMany = async (count: number, speed: number): Promise<string[]> => {
  const account = sandbox.account();
  account.reset("load");
  setConcurrencyLimit(account, count);
  account.setSpeed(1);
  const customers = Array.from({ length: count }, (_, index) => ({
    number: `+1415555${String(index).padStart(4, "0")}`,
  }));
  const assistant = { server, serverMessages: ["status-update", "end-of-call-report"] };
  await client.calls.create({ phoneNumberId, assistant, customers } as never);
  account.setSpeed(speed);
  await sandbox.until(() => account.pending.events === 0, 120_000);
  return vapi
    .phones!.calls(account)
    .map(
      (each) =>
        `${each.number} ${each.outcome} ${each.endedAtMs! - each.startedAtMs} ${each.lines.map(({ text }) => text)}`,
    );
};

test("calls turn out the same at every speed, to the millisecond and the word", async () => {
  const first = await placeMany(60, 1_000);
  expect(new Set(first.map((each) => each.split(" ")[1])).size).toBeGreaterThan(2);
  expect(await placeMany(60, 250)).toEqual(first);
}, 180_000);

test("a thousand calls at once all end, and each of their messages arrives", async () => {
  const calls = await placeMany(1_000, 1_000);
  expect(calls.filter((each) => !each.includes("undefined"))).toHaveLength(1_000);
  await sandbox.until(() => messages("end-of-call-report").length === 1_000);
}, 180_000);
