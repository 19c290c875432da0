import { StripeFailure } from "../stripe-error.ts";

export type DeclineCode =
  | "authentication_required"
  | "expired_card"
  | "fraudulent"
  | "generic_decline"
  | "incorrect_cvc"
  | "insufficient_funds"
  | "lost_card"
  | "processing_error"
  | "stolen_card";

/** How a card behaves: https://docs.stripe.com/testing */
export interface TestCard {
  brand: "visa" | "mastercard" | "amex" | "discover" | "diners" | "jcb" | "unionpay";
  country?: string;
  funding?: "credit" | "debit" | "prepaid";
  /** Of its every use. */
  declines?: DeclineCode;
  /** It can be saved, and is declined when it is charged. */
  declinesCharges?: DeclineCode;
  /** When the person has to prove that it is theirs. */
  authenticates?: "always" | "unless_set_up";
}

const cards: Readonly<Record<string, TestCard>> = {
  "4242424242424242": { brand: "visa" },
  "4000056655665556": { brand: "visa", funding: "debit" },
  "5555555555554444": { brand: "mastercard" },
  "2223003122003222": { brand: "mastercard" },
  "5200828282828210": { brand: "mastercard", funding: "debit" },
  "5105105105105100": { brand: "mastercard", funding: "prepaid" },
  "378282246310005": { brand: "amex" },
  "371449635398431": { brand: "amex" },
  "6011111111111117": { brand: "discover" },
  "3056930009020004": { brand: "diners" },
  "3566002020360505": { brand: "jcb" },
  "6200000000000005": { brand: "unionpay" },
  "4000002760000016": { brand: "visa", country: "DE" },
  "4000008260000000": { brand: "visa", country: "GB" },
  "4000000000000002": { brand: "visa", declines: "generic_decline" },
  "4000000000009995": { brand: "visa", declines: "insufficient_funds" },
  "4000000000009987": { brand: "visa", declines: "lost_card" },
  "4000000000009979": { brand: "visa", declines: "stolen_card" },
  "4000000000000069": { brand: "visa", declines: "expired_card" },
  "4000000000000127": { brand: "visa", declines: "incorrect_cvc" },
  "4000000000000119": { brand: "visa", declines: "processing_error" },
  "4100000000000019": { brand: "visa", declines: "fraudulent" },
  "4000000000000341": { brand: "visa", declinesCharges: "generic_decline" },
  "4000002500003155": { brand: "visa", authenticates: "unless_set_up" },
  "4000002760003184": { brand: "visa", authenticates: "always" },
  "4000000000003220": { brand: "visa", authenticates: "always" },
  "4000000000003063": { brand: "visa", authenticates: "always" },
  "4000008260003178": { brand: "visa", authenticates: "always", declinesCharges: "insufficient_funds" },
  "4000008400001629": { brand: "visa", authenticates: "always", declinesCharges: "generic_decline" },
};

/** Names that stand for card numbers in tests: `pm_card_visa`, `tok_visa`. */
export const namedCards: Readonly<Record<string, string>> = {
  visa: "4242424242424242",
  visa_debit: "4000056655665556",
  mastercard: "5555555555554444",
  mastercard_debit: "5200828282828210",
  mastercard_prepaid: "5105105105105100",
  amex: "378282246310005",
  discover: "6011111111111117",
  diners: "3056930009020004",
  jcb: "3566002020360505",
  unionpay: "6200000000000005",
  de: "4000002760000016",
  gb: "4000008260000000",
  chargeDeclined: "4000000000000002",
  visa_chargeDeclined: "4000000000000002",
  chargeDeclinedInsufficientFunds: "4000000000009995",
  visa_chargeDeclinedInsufficientFunds: "4000000000009995",
  chargeDeclinedLostCard: "4000000000009987",
  visa_chargeDeclinedLostCard: "4000000000009987",
  chargeDeclinedStolenCard: "4000000000009979",
  visa_chargeDeclinedStolenCard: "4000000000009979",
  chargeDeclinedExpiredCard: "4000000000000069",
  chargeDeclinedIncorrectCvc: "4000000000000127",
  chargeDeclinedProcessingError: "4000000000000119",
  chargeDeclinedFraudulent: "4100000000000019",
  chargeCustomerFail: "4000000000000341",
  authenticationRequiredOnSetup: "4000002500003155",
  authenticationRequired: "4000002760003184",
  threeDSecure2Required: "4000000000003220",
  threeDSecureRequired: "4000000000003063",
  authenticationRequiredChargeDeclinedInsufficientFunds: "4000008260003178",
  threeDSecureRequiredChargeDeclined: "4000008400001629",
};

/** @throws StripeFailure for numbers that are no test card: no real card may get in here */
export function findCard(number: string, param = "number"): TestCard {
  const card = cards[number];
  if (card) return card;
  if (!/^\d{12,19}$/.test(number) || !isLuhn(number)) {
    throw new StripeFailure(402, "Your card number is incorrect.", {
      ...{ type: "card_error", code: "incorrect_number", param },
    });
  }
  throw new StripeFailure(
    402,
    "Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of valid test cards, visit: https://stripe.com/docs/testing.",
    { type: "card_error", code: "card_declined", declineCode: "test_mode_live_card", param },
  );
}

function isLuhn(number: string): boolean {
  const sum = [...number]
    .reverse()
    .map(Number)
    .reduce(
      (total, digit, index) => total + (index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2),
      0,
    );
  return sum % 10 === 0;
}

interface Decline {
  code: string;
  message: string;
}

/** What a person is told: https://docs.stripe.com/declines/codes */
const declines: Record<DeclineCode, Decline> = {
  authentication_required: {
    code: "authentication_required",
    message: "Your card was declined. This transaction requires authentication.",
  },
  expired_card: { code: "expired_card", message: "Your card has expired." },
  fraudulent: { code: "card_declined", message: "Your card was declined." },
  generic_decline: { code: "card_declined", message: "Your card was declined." },
  incorrect_cvc: { code: "incorrect_cvc", message: "Your card's security code is incorrect." },
  insufficient_funds: { code: "card_declined", message: "Your card has insufficient funds." },
  lost_card: { code: "card_declined", message: "Your card was declined." },
  processing_error: {
    code: "processing_error",
    message: "An error occurred while processing your card. Try again in a little bit.",
  },
  stolen_card: { code: "card_declined", message: "Your card was declined." },
};

export function declined(code: DeclineCode, more: Record<string, unknown> = {}): StripeFailure {
  const known = declines[code];
  const cardError = { type: "card_error", code: known.code, more } as const;
  // These say all there is in their code.
  const alone = code === "incorrect_cvc" || code === "expired_card" || code === "processing_error";
  return new StripeFailure(402, known.message, alone ? cardError : { ...cardError, declineCode: code });
}
