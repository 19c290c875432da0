import PostalMime, { type Address } from "postal-mime";
import type { SMTPServerSession } from "smtp-server";
import type { Account } from "../accounts/account.ts";
import { inboxOf } from "../mail/mail.ts";

/** Of a text in the inbox. */
const longestText = 1_000_000;

/** Puts a message into the inbox. Who got it says the envelope: those that no header names were blind copies. @returns its id */
export async function keepMessage(
  account: Account,
  { envelope }: SMTPServerSession,
  raw: Buffer,
): Promise<string> {
  const mail = await PostalMime.parse(raw);
  const [to, cc] = [listed(mail.to), listed(mail.cc)];
  const named = new Set([...(mail.to ?? []), ...(mail.cc ?? [])].flatMap(addressesOf));
  const id = account.nextId("smtp.message").slice(0, 16).toUpperCase();
  inboxOf(account).put(id, {
    ...{ id, provider: "smtp", to, cc, replyTo: listed(mail.replyTo), subject: mail.subject ?? "", tags: [] },
    from: mail.from ? written(mail.from) : envelope.mailFrom ? envelope.mailFrom.address : "",
    bcc: envelope.rcptTo.map(({ address }) => address).filter((address) => !named.has(address.toLowerCase())),
    ...{ text: mail.text?.slice(0, longestText), html: mail.html?.slice(0, longestText) },
    attachments: mail.attachments.map(({ filename, mimeType, content }) => ({
      ...{ name: filename ?? "attachment", type: mimeType },
      sizeBytes: typeof content === "string" ? Buffer.byteLength(content) : content.byteLength,
    })),
    atMs: account.providerTimeMs("smtp"),
  });
  return id;
}

const listed = (addresses: Address[] = []): string[] => addresses.map(written);

function written({ name, address, group }: Address): string {
  if (group) return `${name}: ${group.map(written).join(", ")};`;
  return name === "" ? address : `${name} <${address}>`;
}

const addressesOf = ({ address, group }: Address): string[] =>
  group ? group.flatMap(addressesOf) : [address.toLowerCase()];
