import type { Account } from "../../accounts/account.ts";

/** The whole text, in any case. https://help.twilio.com/articles/223134027-Twilio-support-for-opt-out-keywords-SMS-STOP-filtering- */
const keywords: Record<"stop" | "start" | "help", ReadonlySet<string>> = {
  stop: new Set(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"]),
  start: new Set(["START", "YES", "UNSTOP"]),
  help: new Set(["HELP", "INFO"]),
};

const replies: Record<keyof typeof keywords, string> = {
  stop: "You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.",
  start:
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
  help: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
};

interface OptOut {
  person: string;
  number: string;
}

const optOuts = (account: Account) => account.collection<OptOut>("twilio.opt-outs", Number.POSITIVE_INFINITY);
const idOf = (person: string, number: string): string => `${person} ${number}`;

export const hasOptedOut = (account: Account, person: string, number: string): boolean =>
  optOuts(account).get(idOf(person, number)) !== undefined;

/**
 * Does what a keyword asks for. Twilio's own reply is returned, if there is one: START only answers who had opted out, and as YES is an
 * everyday word, so only then it counts.
 */
export function handleKeyword(
  account: Account,
  person: string,
  number: string,
  text: string,
): string | undefined {
  const word = text.trim().toUpperCase();
  const id = idOf(person, number);
  const kind = (Object.keys(keywords) as (keyof typeof keywords)[]).find((each) => keywords[each].has(word));
  if (kind === "stop") {
    if (hasOptedOut(account, person, number)) return undefined;
    optOuts(account).put(id, { person, number });
  } else if (kind === "start" && !optOuts(account).delete(id)) return undefined;
  return kind && replies[kind];
}
