import type { Parameters } from "../parameters/parameters.ts";
import { StripeFailure, unsupported } from "../stripe-error.ts";
import { findCard, namedCards } from "./test-card.ts";

export interface CardFields {
  number: string;
  month: number;
  year: number;
}

/** @throws StripeFailure with the words that Stripe's own form shows */
export function checkCard(
  given: { number: string; month: number; year: number; cvc: string | undefined },
  nowS: number,
): CardFields {
  const number = given.number.replace(/[\s-]/g, "");
  findCard(number, "card[number]");
  const problem = (code: string, param: string, message: string) =>
    new StripeFailure(402, message, { type: "card_error", code, param: `card[${param}]` });
  const now = new Date(nowS * 1_000);
  const year = given.year < 100 ? given.year + 2_000 : given.year;
  const { month, cvc } = given;
  if (!(month >= 1 && month <= 12))
    throw problem("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.");
  const ended =
    year < now.getUTCFullYear() || (year === now.getUTCFullYear() && month < now.getUTCMonth() + 1);
  if (ended || !(year < now.getUTCFullYear() + 50))
    throw problem("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.");
  if (cvc !== undefined && !/^\d{3,4}$/.test(cvc))
    throw problem("invalid_cvc", "cvc", "Your card's security code is invalid.");
  return { number, month, year };
}

export interface CardWish {
  token: string | undefined;
  number: string;
  month: number;
  year: number;
  cvc: string | undefined;
}

export function readCard(params: Parameters): CardWish {
  const token = params.text("token");
  return {
    token,
    number: token === undefined ? params.required("number") : "",
    month: params.integer("exp_month", 1, 12) ?? 0,
    year: params.integer("exp_year") ?? 0,
    cvc: params.text("cvc"),
  };
}

/** A test name, or, from a browser, what a person typed. @throws StripeFailure */
export function cardOfWish({ token, ...typed }: CardWish, isBrowser: boolean, nowS: number): CardFields {
  if (token !== undefined) {
    const number = namedCards[token.replace(/^tok_/, "")];
    if (number === undefined)
      throw unsupported(`token ${token}; it has those of https://docs.stripe.com/testing`, "card[token]");
    return { number, month: 12, year: new Date(nowS * 1_000).getUTCFullYear() + 1 };
  }
  if (isBrowser) return checkCard(typed, nowS);
  throw new StripeFailure(
    402,
    "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens that map to the test card you are using, see https://stripe.com/docs/testing. To enable testing raw card data APIs, see https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.",
    { type: "card_error" },
  );
}
