import type { Account } from "../accounts/account.ts";

/** One message in the inbox, by whichever provider it came. */
export interface Mail {
  id: string;
  provider: string;
  from: string;
  to: string[];
  cc: string[];
  bcc: string[];
  replyTo: string[];
  subject: string;
  text: string | undefined;
  html: string | undefined;
  attachments: { name: string; type: string; sizeBytes: number }[];
  /** The app's own labels. */
  tags: string[];
  atMs: number;
  /** Asked for a later time; it is in the inbox all the same. */
  scheduledAt?: string;
}

const kept = 2_000;

/** Everything that an app has sent, of all providers together. */
export const inboxOf = (account: Account) => account.collection<Mail>("mail.inbox", kept);

const address = /^(?:[^<>]*<\s*[^\s<>@,]+@[^\s<>@,]+\.[^\s<>@,]+\s*>|[^\s<>@,]+@[^\s<>@,]+\.[^\s<>@,]+)$/;

/** `somebody@example.com` or `Somebody <somebody@example.com>`. */
export const isAddress = (text: string): boolean => address.test(text.trim());

/** A text with several, or a list of texts. */
export const addressesOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((one) =>
    typeof one === "string"
      ? one
          // Not at commas inside of quoted names.
          .split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)
          .map((text) => text.trim())
          .filter((text) => text !== "")
      : [],
  );
