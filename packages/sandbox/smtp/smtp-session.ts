import { setTimeout as sleep } from "node:timers/promises";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import type { Account } from "../accounts/account.ts";
import { type Fault, requestFaults } from "../faults/fault-rule.ts";
import { loggedBodyBytes } from "../log/logged-request.ts";
import type { ListenParts } from "../provider/listener.ts";
import { isSameSecret } from "../provider/same-secret.ts";
import { keepMessage } from "./keep-message.ts";
import { smtp, smtpPassword, smtpUser } from "./smtp.ts";

const mostRecipients = 100;
/** RFC 5321, 4.5.3.2: a server waits five minutes for the next command. */
const idleLimitMs = 5 * 60_000;

/** One message on its way in, from MAIL to the end of DATA. */
interface Transfer {
  account: Account;
  faults: Fault[];
  startedMs: number;
}

interface Refusal extends Error {
  responseCode: number;
}

/** Speaks SMTP with authentication and without TLS: it is on loopback, and clients would refuse a certificate that nobody vouches for. */
export function makeSmtpServer(
  { accounts, flush }: ListenParts,
  sever: (connection: string) => void,
): SMTPServer {
  const transfers = new Map<string, Transfer>();
  const accountOf = (session: SMTPServerSession) => accounts.find("smtp", String(session.user))!;
  return new SMTPServer({
    ...{ name: "sandbox.localhost", banner: "Evenkeel sandbox", logger: false, socketTimeout: idleLimitMs },
    ...{ size: smtp.bodyLimitBytes, rejectOversized: true, maxRecipients: mostRecipients },
    ...{ authMethods: ["PLAIN", "LOGIN"], allowInsecureAuth: true, disabledCommands: ["STARTTLS"] },
    // The name of this machine is nobody's business, and looking names up needs the network.
    disableReverseLookup: true,
    onAuth({ username, password }, _session, callback) {
      const account = accounts.find("smtp", username ?? "");
      if (account && isSameSecret(password ?? "", smtpPassword(account)))
        callback(null, { user: smtpUser(account) });
      else callback(refusal(535, "5.7.8 Authentication credentials invalid"));
    },
    onMailFrom({ address }, session, callback) {
      const account = accountOf(session);
      const target = { provider: "smtp", key: smtpUser(account), subject: `MAIL ${address}` };
      const faults = account.faults.strike(target, requestFaults);
      transfers.set(session.id, { account, faults, startedMs: performance.now() });
      const refused = refusalOf(faults);
      if (faults.some(({ type }) => type === "down")) sever(session.id);
      else if (refused) {
        note(session, transfers.get(session.id)!, refused.responseCode, Buffer.alloc(0), refused.message);
        callback(refused);
      } else callback();
    },
    onData(stream, session, callback) {
      const transfer = transfers.get(session.id)!;
      take(stream, session, transfer)
        .then((answer) => {
          flush();
          const has = (type: Fault["type"]) => transfer.faults.some((fault) => fault.type === type);
          if (has("drop")) sever(session.id);
          else if (!has("hang")) callback(answer instanceof Error ? answer : null, String(answer));
        })
        .catch((error) => {
          console.error("sandbox: a mail failed:", error);
          callback(refusal(451, "4.3.0 Requested action aborted"));
        });
    },
    onClose: (session) => void transfers.delete(session.id),
  });
}

async function take(
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  transfer: Transfer,
): Promise<string | Refusal> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) if (!stream.sizeExceeded) pieces.push(piece as Buffer);
  const raw = Buffer.concat(pieces);
  for (const fault of transfer.faults) if (fault.type === "latency") await sleep(fault.ms);
  if (stream.sizeExceeded) {
    const refused = refusal(552, "5.3.4 Message size exceeds fixed limit");
    note(session, transfer, 552, raw, refused.message);
    return refused;
  }
  // Nobody gets what hangs.
  const hangs = transfer.faults.some(({ type }) => type === "hang");
  const answer = hangs ? "" : `2.0.0 Ok: queued as ${await keepMessage(transfer.account, session, raw)}`;
  note(session, transfer, hangs ? 0 : 250, raw, answer);
  return answer;
}

/** Greylisting for 429, a permanent failure for a server's error. */
function refusalOf(faults: Fault[]): Refusal | undefined {
  for (const fault of faults) {
    if (fault.type === "rate_limit")
      return refusal(451, `4.7.1 Greylisted, please try again in ${fault.retryAfterSeconds} seconds`);
    if (fault.type === "server_error") return refusal(554, "5.3.0 Transaction failed");
  }
  return undefined;
}

const refusal = (responseCode: number, message: string): Refusal =>
  Object.assign(new Error(message), { responseCode });

function note(
  { envelope }: SMTPServerSession,
  { account, faults, startedMs }: Transfer,
  status: number,
  raw: Buffer,
  answer: string,
): void {
  const from = envelope.mailFrom ? envelope.mailFrom.address : "";
  account.note({
    ...{ provider: "smtp", key: smtpUser(account), method: "MAIL", status, answer, headers: {} },
    path: `${from} → ${envelope.rcptTo.map(({ address }) => address).join(", ")}`,
    body: raw.toString("utf8", 0, loggedBodyBytes),
    faults: faults.map(({ type }) => type),
    durationMs: Math.round(performance.now() - startedMs),
  });
}
