import { afterEach, beforeEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { createTransport, type Transporter } from "nodemailer";
import { inboxOf } from "../mail/mail.ts";
import { TestSandbox } from "../testing/test-sandbox.ts";
import { smtp } from "./smtp.ts";

const limitMs = 60_000;
const one = "/accounts/shop/preview";
let sandbox: TestSandbox;
let variables: Record<string, string>;
const transports: Transporter[] = [];
beforeEach(async () => {
  sandbox = await TestSandbox.start([smtp]);
  variables = sandbox.variables(smtp);
});
afterEach(async () => {
  for (const transport of transports.splice(0)) transport.close();
  await sandbox.stop();
});

/** As apps write it. */
function transport(more: object = {}): Transporter {
  const made = createTransport({
    host: variables["SMTP_HOST"]!,
    port: Number(variables["SMTP_PORT"]),
    secure: variables["SMTP_SECURE"] === "true",
    auth: { user: variables["SMTP_USER"]!, pass: variables["SMTP_PASSWORD"]! },
    ...more,
  });
  transports.push(made);
  return made;
}
const mail = {
  from: "Shop <shop@example.com>",
  to: "Ada <ada@example.com>",
  subject: "Grüße",
  text: "Bis bald",
};
const fault = (type: string, more: object = {}) =>
  sandbox.admin("POST", `${one}/faults`, { provider: "smtp", fault: { type, ...more }, times: 1 });
const refused = (call: Promise<unknown>) =>
  call.then(
    () => Promise.reject(new Error("It should have failed")),
    (error: Error & { responseCode?: number; code?: string }) => error,
  );

test(
  "mail by nodemailer is in the inbox with its parts, and its blind copies are told from the envelope",
  async () => {
    const client = transport();
    expect(await client.verify()).toBe(true);
    const sent = await client.sendMail({
      ...{
        ...mail,
        cc: ["bob@example.com"],
        bcc: "eve@example.com",
        html: "<p>Bis bald</p>",
        replyTo: "desk@example.com",
      },
      attachments: [{ filename: "bill.pdf", content: Buffer.alloc(1_234) }],
    });
    expect(sent.response).toStartWith("250 2.0.0 Ok: queued as ");
    expect(inboxOf(sandbox.account()).values()).toMatchObject([
      {
        ...{
          provider: "smtp",
          from: "Shop <shop@example.com>",
          to: ["Ada <ada@example.com>"],
          subject: "Grüße",
        },
        ...{ cc: ["bob@example.com"], bcc: ["eve@example.com"], replyTo: ["desk@example.com"] },
        attachments: [{ name: "bill.pdf", type: "application/pdf", sizeBytes: 1_234 }],
        html: expect.stringContaining("<p>Bis bald</p>"),
      },
    ]);
    // By the address alone, too.
    await createTransport(variables["SMTP_URL"]!).sendMail({ ...mail, subject: "By URL" });
    expect(inboxOf(sandbox.account()).newestFirst()[0]!.subject).toBe("By URL");
    expect(sandbox.requests[0]).toMatchObject({
      provider: "smtp",
      status: 250,
      body: expect.stringContaining("Bis bald"),
    });
    expect(JSON.stringify(sandbox.requests)).not.toContain(variables["SMTP_PASSWORD"]!);
  },
  limitMs,
);

test(
  "wrong credentials, mail without credentials and mail that is too large are refused with their codes",
  async () => {
    const wrong = await refused(
      transport({ auth: { user: variables["SMTP_USER"], pass: "wrong" } }).sendMail(mail),
    );
    expect(wrong).toMatchObject({ code: "EAUTH", responseCode: 535 });
    const other = sandbox.variables(smtp, sandbox.account("blog"));
    const strange = { user: variables["SMTP_USER"], pass: other["SMTP_PASSWORD"] };
    expect((await refused(transport({ auth: strange }).sendMail(mail))).responseCode).toBe(535);
    expect((await refused(transport({ auth: undefined }).sendMail(mail))).responseCode).toBe(530);
    const large = { ...mail, text: "x".repeat(26 * 1024 * 1024) };
    expect((await refused(transport().sendMail(large))).responseCode).toBe(552);
    const many = Array.from({ length: 101 }, (_, index) => `p${index}@example.com`);
    expect((await transport().sendMail({ ...mail, to: many })).rejected).toHaveLength(1);
    expect(inboxOf(sandbox.account()).size).toBe(1);
  },
  limitMs,
);

test(
  "faults strike: greylisting, a permanent failure, a break after DATA, a hang, and a server that is down",
  async () => {
    const client = transport();
    await fault("rate_limit", { retryAfterSeconds: 60 });
    const grey = await refused(client.sendMail(mail));
    expect(grey).toMatchObject({ responseCode: 451, message: expect.stringContaining("Greylisted") });
    await fault("server_error", { status: 500 });
    expect((await refused(client.sendMail(mail))).responseCode).toBe(554);
    expect(inboxOf(sandbox.account()).size).toBe(0);
    await fault("hang");
    expect((await refused(transport({ socketTimeout: 1_000 }).sendMail(mail))).code).toBe("ETIMEDOUT");
    await fault("down");
    await refused(client.sendMail(mail));
    expect(inboxOf(sandbox.account()).size).toBe(0);
    await fault("drop");
    await refused(client.sendMail(mail));
    expect(inboxOf(sandbox.account()).size).toBe(1);
    await client.sendMail({ ...mail, subject: "All is well" });
    expect(inboxOf(sandbox.account()).newestFirst()[0]!.subject).toBe("All is well");
  },
  limitMs,
);

test(
  "the port is kept over a restart, and noise on it harms nothing",
  async () => {
    await sandbox.restart();
    expect(sandbox.variables(smtp)["SMTP_PORT"]).toBe(variables["SMTP_PORT"]!);
    const closed = Promise.withResolvers<string>();
    let heard = "";
    const socket = connect(Number(variables["SMTP_PORT"]), "127.0.0.1");
    socket.on("data", (piece) => {
      heard += piece;
    });
    socket.on("error", () => {});
    socket.on("close", () => closed.resolve(heard));
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n\u0000\u0001\u0002\r\n");
    socket.end("QUIT\r\n");
    expect(await closed.promise).toMatch(/^(220|421|500|5)/);
    await transport().sendMail(mail);
    expect(inboxOf(sandbox.account()).size).toBe(1);
  },
  limitMs,
);
