import type { Account } from "../accounts/account.ts";

/** How a call ends up at a phone. */
export type Pickup = "answers" | "voicemail" | "busy" | "no_answer";

/** A phone outside, and what is fixed about it. What is left open follows from the account's seed. */
export interface Phone {
  /** E.164. */
  number: string;
  /** `persona` acts by itself; `person` waits for somebody at the page or the API. */
  holder: "persona" | "person";
  pickup?: Pickup;
  /** Until the pickup. */
  ringMs?: number;
  /** What is said, one piece each time something is asked; nothing after the last. */
  says?: string[];
  /** Keys that are pressed, one piece each time keys are asked for. */
  presses?: string[];
  /** What becomes of texts to it. */
  texts?: "delivered" | "undelivered";
}

/** How a phone behaves in one call. */
export interface Persona {
  holder: Phone["holder"];
  pickup: Pickup;
  ringMs: number;
  says: string[];
  /** Undefined: keys are chosen by what the prompt offers. */
  presses: string[] | undefined;
}

export const phonesOf = (account: Account) => account.collection<Phone>("sandbox.phones");

const pickups: Record<Pickup, number> = { answers: 70, voicemail: 12, busy: 6, no_answer: 12 };
const openings = ["Hello?", "Yes, speaking.", "Hi, who is this?", "Good morning."];
const remarks = [
  "Yes, that works for me.",
  "Could you tell me a little more?",
  "I would have to look at my calendar first.",
  "No, thank you, not today.",
  "Sure, go ahead.",
  "What would it cost?",
];
const farewells = ["Thank you, goodbye.", "All right, bye.", "Thanks for calling."];
const greetings = ["You have reached my voicemail. Please leave a message after the tone."];

/**
 * Who is at a phone for the next call with it. Follows from the seed, the number and the count of its calls, so that it does not matter what
 * else happens at the time.
 */
export function nextPersona(account: Account, provider: string, number: string): Persona {
  const calls = account.collection<{ count: number }>(`${provider}.contacts`, Number.POSITIVE_INFINITY);
  const contact = (calls.get(number)?.count ?? 0) + 1;
  calls.put(number, { count: contact });
  const phone = phonesOf(account).get(number);
  const random = account.random("persona", number, contact);
  const pickup = phone?.pickup ?? (phone?.holder === "person" ? "answers" : random.weighted(pickups));
  const conversation = [random.pick(openings)];
  const left = [...remarks];
  for (let count = random.between(1, 4); count > 0; count--) {
    conversation.push(...left.splice(random.between(0, left.length - 1), 1));
  }
  conversation.push(random.pick(farewells));
  const says = phone?.says ?? (pickup === "voicemail" ? [...greetings] : conversation);
  return {
    holder: phone?.holder ?? "persona",
    pickup,
    ringMs: phone?.ringMs ?? random.between(2_000, 12_000),
    says,
    presses: phone?.presses,
  };
}

/** Keys that a prompt offers ("press 1 for …, 2 for …"), one of which a persona presses; else any `count` digits. */
export function keysFor(
  account: Account,
  prompt: string,
  count: number,
  ...words: (string | number)[]
): string {
  const random = account.random("keys", ...words);
  const offered = Array.from(
    prompt.matchAll(/\b(?:press|enter|dial|or|and)\s+(?:key\s+)?([0-9*#])(?![0-9])/gi),
    ([, key]) => key!,
  );
  if (offered.length > 0 && count <= 1) return random.pick(offered);
  return Array.from({ length: count }, () => String(random.between(0, 9))).join("");
}

/** How long it takes to say something, in milliseconds: some 150 words a minute. */
export const speechMs = (text: string): number => Math.max(600, Math.round(text.length * 65));
