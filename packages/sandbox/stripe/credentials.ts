import type { Account } from "../accounts/account.ts";

/** Of the newest API that the official SDK speaks; objects have its shapes, whatever version a request names. */
export const apiVersion = "2026-10-28.endive";

/** Seconds since the epoch, as Stripe counts, in the account's time. */
export const nowSeconds = (account: Account): number => Math.floor(account.providerTimeMs("stripe") / 1_000);

export const accountId = (account: Account): string =>
  `acct_1${account.secret("stripe.account").slice(0, 15)}`;
export const secretKey = (account: Account): string =>
  `sk_test_51${account.secret("stripe.secret").slice(0, 40)}`;
export const publishableKey = (account: Account): string =>
  `pk_test_51${account.secret("stripe.publishable").slice(0, 40)}`;
/** Of endpoints that a person has registered, as at the dashboard. */
export const givenWebhookSecret = (account: Account): string =>
  `whsec_${account.secret("stripe.webhooks").slice(0, 32)}`;

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `cus_` and letters and digits, in the order of making the same for the same seed. */
export function nextId(account: Account, prefix: string, length = 14): string {
  let rest = BigInt(`0x${account.nextId(`stripe.${prefix}`)}`);
  let text = "";
  for (; text.length < length; rest /= 62n) text += digits[Number(rest % 62n)];
  return `${prefix}_${text}`;
}

/** Opens a hosted page to whoever has it, so nobody may be able to guess it from the seed. */
export const nextSecretId = (account: Account, prefix: string): string => {
  const id = nextId(account, prefix, 16);
  return `${id}${account.secret(`stripe.${id}`).slice(0, 40)}`;
};
