import type { Transporter } from "nodemailer";
import { z } from "zod";
import { type ChannelNet, channelKind, type Sent } from "../channel.ts";
import { ChannelUnavailableError, MessageRefusedError } from "../errors.ts";
import type { Message } from "../message.ts";

const address = z
  .string()
  .max(320)
  .regex(/^[^\s@<>",;]+@[^\s@<>",;]+$/, "is no mail address");
const settings = z.strictObject({
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65_535).default(587),
  /** `tls`: from the first byte (465); `starttls`: before anything is said; `none`: only to a server of this machine. */
  security: z.enum(["tls", "starttls", "none"]).default("starttls"),
  user: z.string().max(320).optional(),
  password: z.string().max(1_000).optional(),
  from: z
    .string()
    .min(3)
    .max(500)
    .regex(/^[^\r\n]*$/),
  /** Empty: only for subscribers of the status page. */
  to: z.array(address).max(50).default([]),
});
type Settings = z.output<typeof settings>;

/** Of one channel; what is for thousands goes out by these at once. */
const connections = 4;

/** Mail by any server: RFC 5321, by nodemailer. */
export const smtp = channelKind({
  name: "smtp",
  title: "Mail",
  settings,
  secrets: ["password"],
  twin: {
    provider: "smtp",
    settings: (variables) => ({
      ...{ host: variables["SMTP_HOST"], port: Number(variables["SMTP_PORT"]), security: "none" },
      ...{ user: variables["SMTP_USER"], password: variables["SMTP_PASSWORD"], from: variables["SMTP_FROM"] },
    }),
  },
  // The same Message-ID in each attempt: mailboxes that look at it keep one.
  repeats: "joined",
  isPager: false,
  perMinute: 3_000,
  describe: ({ host, to }) => (to.length > 0 ? to.join(", ") : host),
  open(given, net) {
    let transport: Promise<Transporter> | undefined;
    return {
      async send(message) {
        transport ??= connect(given, net);
        return deliver(await transport, given, message);
      },
      close() {
        void transport?.then((each) => each.close());
      },
    };
  },
});

/** Loaded with the first mail: an idle platform does without it. */
async function connect(given: Settings, { limitMs = 10_000 }: ChannelNet): Promise<Transporter> {
  const { createTransport } = await import("nodemailer");
  const { host, port, security, user, password } = given;
  return createTransport({
    ...{ host, port, secure: security === "tls", requireTLS: security === "starttls" },
    ...(security === "none" && { ignoreTLS: true }),
    ...(user !== undefined && { auth: { user, pass: password ?? "" } }),
    ...{ pool: true, maxConnections: connections, maxMessages: 1_000 },
    ...{ connectionTimeout: limitMs, greetingTimeout: limitMs, socketTimeout: limitMs, dnsTimeout: limitMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
}

async function deliver(transport: Transporter, given: Settings, message: Message): Promise<Sent> {
  const to = message.to === undefined ? given.to : [message.to];
  if (to.length === 0) throw new MessageRefusedError(given.host, "the channel has no receivers");
  try {
    const { messageId, rejected = [] } = await transport.sendMail(mailOf(message, given.from, to));
    if (rejected.length > 0)
      throw new MessageRefusedError(given.host, `it does not take mail for ${rejected.join(", ")}`);
    return { reference: messageId };
  } catch (error) {
    if (error instanceof MessageRefusedError) throw error;
    const { responseCode, code, message: why } = error as Error & { responseCode?: number; code?: string };
    const text = why.replace(/\s+/g, " ").slice(0, 200);
    if (code === "EAUTH" || code === "EENVELOPE" || (responseCode !== undefined && responseCode >= 500))
      throw new MessageRefusedError(given.host, text);
    throw new ChannelUnavailableError(given.host, text);
  }
}

/** Pure. */
export function mailOf(message: Message, from: string, to: string[]) {
  const domain = /@([^\s>]+)>?\s*$/.exec(from)?.[1] ?? "evenkeel.invalid";
  const thread = message.incident && `<${message.incident.key}@${domain}>`;
  return {
    ...{ from, to, subject: message.subject.replace(/\s+/g, " "), text: textOf(message) },
    messageId: `<${message.id}@${domain}>`,
    // All that is about one incident is one conversation.
    ...(thread && message.to === undefined && { references: thread, inReplyTo: thread }),
    headers: {
      "Auto-Submitted": "auto-generated",
      ...(message.unsubscribeUrl !== undefined && {
        "List-Unsubscribe": `<${message.unsubscribeUrl}>`,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      }),
    },
  };
}

const textOf = ({ text, url, unsubscribeUrl }: Message): string =>
  [
    text,
    ...(url === undefined ? [] : ["", url]),
    ...(unsubscribeUrl === undefined ? [] : ["", `Unsubscribe: ${unsubscribeUrl}`]),
    "",
  ].join("\n");
