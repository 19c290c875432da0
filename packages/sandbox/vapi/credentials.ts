import type { Account } from "../accounts/account.ts";

/** 32 hexadecimal characters as a UUID of version 4. */
export const uuidOf = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;

export const privateKey = (account: Account): string => uuidOf(account.secret("vapi.private-key"));
export const orgId = (account: Account): string => uuidOf(account.secret("vapi.org"));
export const givenPhoneNumberId = (account: Account): string => uuidOf(account.secret("vapi.phone-number"));
/** Apps may use it for `server.secret`; nothing is signed with it unless they do. */
export const webhookSecret = (account: Account): string => account.secret("vapi.webhook").slice(0, 40);

export const nextUuid = (account: Account, kind: string): string => uuidOf(account.nextId(`vapi.${kind}`));

/** In the block that is kept free for fiction, 555-0100 to 555-0199. */
export const givenNumber = (account: Account): string =>
  `+1628555 01${String(Number.parseInt(account.secret("vapi.number").slice(0, 6), 16) % 100).padStart(2, "0")}`.replace(
    " ",
    "",
  );
