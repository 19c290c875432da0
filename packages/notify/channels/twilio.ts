import { z } from "zod";
import { type ChannelNet, channelKind, type Sent } from "../channel.ts";
import { ChannelUnavailableError } from "../errors.ts";
import { call } from "../http/call.ts";
import type { Message } from "../message.ts";

const number = z.string().regex(/^\+[1-9]\d{6,14}$/, "is no number in the form +4915112345678");
const settings = z.strictObject({
  accountSid: z.string().regex(/^AC[0-9a-fA-F]{32}$/, "is no account SID: AC and 32 digits"),
  authToken: z.string().min(1).max(200),
  from: number,
  to: z.array(number).min(1).max(20),
  baseUrl: z.url({ protocol: /^https?$/ }).default("https://api.twilio.com"),
});
type Settings = z.output<typeof settings>;

const twin = {
  provider: "twilio",
  settings: (variables: Record<string, string>) => ({
    ...{ accountSid: variables["TWILIO_ACCOUNT_SID"], authToken: variables["TWILIO_AUTH_TOKEN"] },
    ...{ from: variables["TWILIO_PHONE_NUMBER"], baseUrl: variables["TWILIO_BASE_URL"] },
  }),
};
/** Three segments, so that each message is read at once. */
const longestText = 450;
/** Our clock and Twilio's may differ. */
const clockSlackMs = 5_000;

const common = {
  ...{ settings, secrets: ["authToken"], twin, isPager: true },
  describe: ({ to }: Settings) => to.map((each) => `${each.slice(0, 4)}…${each.slice(-2)}`).join(", "),
} as const;

/** Text messages: https://www.twilio.com/docs/messaging/api/message-resource */
export const sms = channelKind({
  ...{ ...common, name: "sms", title: "SMS by Twilio", repeats: "asked", perMinute: 60 },
  open: (given, net) => ({
    async send(message) {
      const sids: string[] = [];
      for (const to of receivers(message, given))
        sids.push(await create(given, net, "Messages", { To: to, From: given.from, Body: smsText(message) }));
      return { reference: sids.join(",") };
    },
    find: (message, sinceMs) =>
      findAll(given, net, message, (to) =>
        search(given, net, "Messages", { To: to, From: given.from }, (found) => {
          const body = (found as { body?: unknown }).body;
          return body === smsText(message) && createdSince(found, sinceMs);
        }),
      ),
    close() {},
  }),
});

/** Calls that read the message out: https://www.twilio.com/docs/voice/api/call-resource */
export const voice = channelKind({
  ...{ ...common, name: "voice", title: "Call by Twilio", repeats: "asked", perMinute: 20 },
  open: (given, net) => ({
    async send(message) {
      const sids: string[] = [];
      for (const to of receivers(message, given))
        sids.push(await create(given, net, "Calls", { To: to, From: given.from, Twiml: twiml(message) }));
      return { reference: sids.join(",") };
    },
    // What a call says cannot be asked; who was called from this number since then was called by this attempt.
    find: (message, sinceMs) =>
      findAll(given, net, message, (to) =>
        search(given, net, "Calls", { To: to, From: given.from }, (found) => createdSince(found, sinceMs)),
      ),
    close() {},
  }),
});

/** Pure. */
export function smsText({ subject, url, incident, id }: Message): string {
  const reference = incident ? `#${incident.id}.${incident.sequence}` : id.slice(-8);
  const link = url === undefined ? "" : ` ${url}`;
  return `${subject.slice(0, longestText - link.length - reference.length - 3)}${link} (${reference})`;
}

/** Twice, for who has just woken. Pure. */
export function twiml({ subject }: Message): string {
  const words = subject.replace(/[<>&"']/g, " ").slice(0, 500);
  return `<Response><Say>Evenkeel. ${words}.</Say><Pause length="1"/><Say>I repeat. ${words}.</Say></Response>`;
}

const receivers = (message: Message, { to }: Settings): string[] =>
  message.to === undefined ? to : [message.to];

async function create(
  given: Settings,
  net: ChannelNet,
  resource: "Messages" | "Calls",
  fields: Record<string, string>,
): Promise<string> {
  const { text } = await ask(given, net, "POST", resource, new URLSearchParams(fields));
  const { sid } = parsed(text) as { sid?: unknown };
  if (typeof sid !== "string") throw notTwilio();
  return sid;
}

/** An attempt has arrived when it reached each of its receivers. */
async function findAll(
  given: Settings,
  _net: ChannelNet,
  message: Message,
  findOne: (to: string) => Promise<string | undefined>,
): Promise<Sent | undefined> {
  const found = await Promise.all(receivers(message, given).map(findOne));
  return found.every((sid) => sid !== undefined) ? { reference: found.join(",") } : undefined;
}

async function search(
  given: Settings,
  net: ChannelNet,
  resource: "Messages" | "Calls",
  query: Record<string, string>,
  isIt: (found: unknown) => boolean,
): Promise<string | undefined> {
  const { text } = await ask(given, net, "GET", resource, new URLSearchParams({ ...query, PageSize: "50" }));
  const page = parsed(text) as Record<string, unknown>;
  const list = page[resource.toLowerCase()];
  if (!Array.isArray(list)) throw notTwilio();
  return (list.find(isIt) as { sid: string } | undefined)?.sid;
}

function ask(
  { accountSid, authToken, baseUrl }: Settings,
  net: ChannelNet,
  method: "GET" | "POST",
  resource: string,
  parameters: URLSearchParams,
) {
  const url = new URL(`${baseUrl.replace(/\/+$/, "")}/2010-04-01/Accounts/${accountSid}/${resource}.json`);
  if (method === "GET") url.search = parameters.toString();
  return call(
    "Twilio",
    {
      ...{ method, url, ...(method === "POST" && { body: parameters.toString() }) },
      headers: {
        authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`,
        ...(method === "POST" && { "content-type": "application/x-www-form-urlencoded" }),
      },
    },
    net,
  );
}

const createdSince = (found: unknown, sinceMs: number): boolean =>
  Date.parse(String((found as { date_created?: unknown }).date_created)) >= sinceMs - clockSlackMs;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notTwilio();
  }
}

const notTwilio = () => new ChannelUnavailableError("Twilio", "what answered was not its API");
