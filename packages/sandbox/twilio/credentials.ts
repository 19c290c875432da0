import type { Account } from "../accounts/account.ts";

/** An account's `AC…`. */
export const accountSid = (account: Account): string => `AC${account.secret("twilio.account").slice(0, 32)}`;

export const authToken = (account: Account): string => account.secret("twilio.auth-token").slice(0, 32);

/** An API key `SK…`, that may be used instead of account and token. */
export const apiKeySid = (account: Account): string => `SK${account.secret("twilio.api-key").slice(0, 32)}`;

export const apiKeySecret = (account: Account): string =>
  account.secret("twilio.api-key-secret").slice(0, 32);

export const messagingServiceSid = (account: Account): string =>
  `MG${account.secret("twilio.messaging-service").slice(0, 32)}`;

/** The number the account is given: in the block that is kept free for fiction, 555-0100 to 555-0199. */
export function givenNumber(account: Account): string {
  const digits = Number.parseInt(account.secret("twilio.number").slice(0, 8), 16);
  const areas = ["206", "312", "415", "512", "617", "646", "702", "808"];
  return `+1${areas[digits % areas.length]}55501${String(Math.floor(digits / 8) % 100).padStart(2, "0")}`;
}

/** The next id of a resource: `SM…`, `CA…`, `RE…`. */
export const nextSid = (account: Account, prefix: string): string =>
  `${prefix}${account.nextId(`twilio.${prefix}`).slice(0, 32)}`;
