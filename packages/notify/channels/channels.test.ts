import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pagerduty as pagerdutyTwin } from "@evenkeel/sandbox/pagerduty/pagerduty";
import { slack as slackTwin } from "@evenkeel/sandbox/slack/slack";
import { smtp as smtpTwin } from "@evenkeel/sandbox/smtp/smtp";
import { TestSandbox } from "@evenkeel/sandbox/testing/test-sandbox";
import { twilio as twilioTwin } from "@evenkeel/sandbox/twilio/twilio";
import { Webhook } from "standardwebhooks";
import type { Channel } from "../channel.ts";
import type { Message } from "../message.ts";
import { type ChannelKindName, channelKinds } from "./index.ts";

const one = "/accounts/shop/preview";
const twins = {
  smtp: smtpTwin,
  slack: slackTwin,
  pagerduty: pagerdutyTwin,
  sms: twilioTwin,
  voice: twilioTwin,
};
const incident = {
  ...{ id: 7, key: "ek-1-incident-7", app: "shop", environment: "production", severity: "P0", rank: 0 },
  ...{ title: "All requests fail", state: "open", phase: "investigating", components: ["web"] },
  ...{ openedAtMs: 1_790_000_000_000, sequence: 3 },
};
const message: Message = {
  ...{ id: "i7-3-pager", event: "opened", atMs: 1_790_000_000_000, incident },
  ...{
    subject: "P0 shop: All <requests> fail",
    text: "10 of 10 requests failed.",
    url: "http://localhost/i/7",
  },
};
let sandbox: TestSandbox;
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
const open: Channel[] = [];

beforeAll(async () => {
  sandbox = await TestSandbox.start([smtpTwin, slackTwin, pagerdutyTwin, twilioTwin]);
  server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
}, 60_000);
afterAll(async () => {
  for (const channel of open) channel.close();
  server.closeAllConnections();
  server.close();
  await sandbox.stop();
});

function channel(name: ChannelKindName, given: object, limitMs = 10_000): Channel {
  const kind = channelKinds[name];
  const made = kind.open(kind.settings.parse(given) as never, { isLocal: true, limitMs });
  open.push(made);
  return made;
}
function twin(name: keyof typeof twins, given: object = {}, limitMs?: number): Channel {
  const { settings } = channelKinds[name].twin!;
  const variables = sandbox.variables(twins[name]);
  const base = name === "pagerduty" ? { baseUrl: sandbox.base("pagerduty") } : {};
  return channel(name, { ...settings(variables), ...base, ...given }, limitMs);
}
const own = (path = "/hook") => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
const fault = (provider: string, type: string, more: object = {}) =>
  sandbox.admin("POST", `${one}/faults`, { provider, fault: { type, ...more }, times: 1 });
const failure = (sending: Promise<unknown>) =>
  sending.then(
    () => Promise.reject(new Error("It should have failed")),
    (error: Error & { code: string; retryAfterMs?: number }) => error,
  );

test("PagerDuty has one alert for an incident, which is acknowledged and resolved", async () => {
  const pager = twin("pagerduty");
  for (const event of ["opened", "escalated", "updated", "acknowledged", "resolved"] as const)
    await pager.send({ ...message, event });
  const { alerts } = await sandbox.admin<{ alerts: { events: { action: string }[] }[] }>(
    "GET",
    `${one}/alerts`,
  );
  expect(alerts).toMatchObject([{ dedupKey: incident.key, status: "resolved", severity: "critical" }]);
  expect(alerts[0]!.events.map(({ action }) => action)).toEqual([
    "trigger",
    "trigger",
    "acknowledge",
    "resolve",
  ]);
});

test("Slack shows what is meant, and nothing that an app wrote is markup", async () => {
  await twin("slack").send({ ...message, mayBeRepeated: true });
  const { messages } = await sandbox.admin<{ messages: { text: string; blocks: unknown[] }[] }>(
    "GET",
    `${one}/slack`,
  );
  expect(messages[0]!.text).toBe("🔴 P0 shop: All &lt;requests&gt; fail");
  expect(JSON.stringify(messages[0]!.blocks)).toContain("you may have seen this");
});

test("mail goes out with an id of its own, and subscribers can leave by one click", async () => {
  const mail = twin("smtp", { to: ["team@example.com"] });
  await mail.send(message);
  await mail.send({ ...message, to: "eve@example.com", unsubscribeUrl: "http://localhost/leave?token=x" });
  const { mail: inbox } = await sandbox.admin<{ mail: { id: string; to: string[] }[] }>("GET", `${one}/mail`);
  expect(inbox.map(({ to }) => to)).toEqual([["eve@example.com"], ["team@example.com"]]);
  const whole = await sandbox.admin<{ text: string }>("GET", `${one}/mail/${inbox[0]!.id}`);
  expect(whole.text).toContain("Unsubscribe: http://localhost/leave?token=x");
});

test("a text or call whose sending was cut off is found again, and another one is not mistaken for it", async () => {
  for (const name of ["sms", "voice"] as const) {
    const phone = twin(name, { to: ["+14155550123"] });
    const before = Date.now() - 60_000;
    expect(await phone.find!(message, before)).toBeUndefined();
    const { reference } = await phone.send(message);
    expect(await phone.find!(message, before)).toEqual({ reference: reference! });
    expect(await phone.find!(message, Date.now() + 3_600_000)).toBeUndefined();
  }
  const other = { ...message, incident: { ...incident, sequence: 4 } };
  expect(await twin("sms", { to: ["+14155550123"] }).find!(other, 0)).toBeUndefined();
});

test("a webhook is signed as Standard Webhooks has it", async () => {
  const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
  let taken: unknown;
  answer = (request, response, body) => {
    taken = new Webhook(secret).verify(body, request.headers as Record<string, string>);
    response.end("thanks");
  };
  await channel("webhook", { url: own(), secret }).send(message);
  expect(taken).toMatchObject({ type: "incident.opened", data: { incident: { id: 7, severity: "P0" } } });
});

test("429s, faults, silence and pages of proxies are for later; what is wrong for good is refused", async () => {
  await fault("pagerduty", "rate_limit", { retryAfterSeconds: 7 });
  expect(await failure(twin("pagerduty").send(message))).toMatchObject({
    ...{ code: "channel_unavailable", retryAfterMs: 7_000 },
  });
  await fault("slack", "server_error", { status: 503 });
  expect(await failure(twin("slack").send(message))).toMatchObject({ code: "channel_unavailable" });
  await fault("twilio", "hang");
  expect(await failure(twin("sms", { to: ["+14155550123"] }, 300).send(message))).toMatchObject({
    ...{ code: "channel_unavailable", message: expect.stringContaining("did not answer within") },
  });
  // A sip of bytes now and then is silence, too.
  answer = (_request, response) => {
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  };
  expect(await failure(channel("slack", { url: own() }, 300).send(message))).toMatchObject({
    code: "channel_unavailable",
  });
  answer = (_request, response) => response.end("<!doctype html><title>Log in</title>");
  for (const [name, given] of [
    ["slack", { url: own() }],
    ["pagerduty", { routingKey: "a".repeat(32), baseUrl: own("") }],
    [
      "sms",
      {
        accountSid: `AC${"0".repeat(32)}`,
        authToken: "t",
        from: "+14155550100",
        to: ["+14155550101"],
        baseUrl: own(""),
      },
    ],
  ] as const) {
    expect([name, (await failure(channel(name, given).send(message))).code]).toEqual([
      name,
      "channel_unavailable",
    ]);
  }
  answer = (_request, response) => response.writeHead(302, { location: "http://elsewhere.example" }).end();
  expect(await failure(channel("slack", { url: own() }).send(message))).toMatchObject({
    code: "message_refused",
  });
  expect(
    await failure(twin("smtp", { to: ["a@example.com"], password: "wrong" }).send(message)),
  ).toMatchObject({
    code: "message_refused",
  });
  expect(await failure(twin("sms", { to: ["+15005550001"] }).send(message))).toMatchObject({
    code: "message_refused",
  });
}, 60_000);

test("this machine is no place for messages of somebody who is no administrator", async () => {
  const { settings, open: openKind } = channelKinds.slack;
  const refused = openKind(settings.parse({ url: own() }) as never, { isLocal: false });
  expect(await failure(refused.send(message))).toMatchObject({ code: "message_refused" });
});
