import type { Answer, FlowState } from "./flow.ts";

/** What somebody said: a text, what was heard on the telephone, or keys. */
export interface Reply {
  text: string;
  /** Keys pressed, without `#`. */
  keys?: string;
}

/** Yes and no in the languages that contacts may have. Without accents, in lower case. */
const yesWords = new Set(
  "y yes yeah yep yup ok okay sure done taken si sí claro vale oui ouais ja jawohl sim va bene sip tak ano da evet hai"
    .split(" ")
    .map(plain),
);
const noWords = new Set("n no nope not nah non nein nee nao não nie ne nei hayir iie".split(" ").map(plain));

/** Lower case, no accents, no punctuation, single blanks: `¡Sí!` → `si`, `ARRÊT` → `arret`. */
export function plain(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}.,+-]+/gu, " ")
    .replace(/(?<!\d)[.,+-]+|[.,+-]+(?!\d)/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

const thumbsUp = /[\u{1F44D}\u2705\u{1F44C}]/u;
const thumbsDown = /[\u{1F44E}\u274C]/u;

/** The first answer of a state that fits, with what was answered; nothing when none does. */
export function understand(state: FlowState, reply: Reply): { answer: Answer; value: string } | undefined {
  const answers = state.listen?.answers ?? [];
  const keys = reply.keys?.replaceAll(/[^0-9]/g, "") ?? "";
  const said = plain(reply.text) || keys;
  for (const answer of answers) {
    if (keys !== "" && answer.key === keys) return { answer, value: keys };
    const value = meantBy(answer, reply.text, said, keys);
    if (value !== undefined) return { answer, value };
  }
  return undefined;
}

function meantBy(answer: Answer, text: string, said: string, keys: string): string | undefined {
  const { when } = answer;
  const first = said.split(" ")[0] ?? "";
  if ("yes" in when)
    return said === "1" || yesWords.has(said) || yesWords.has(first) || thumbsUp.test(text)
      ? "yes"
      : undefined;
  if ("no" in when)
    return said === "2" || noWords.has(said) || noWords.has(first) || thumbsDown.test(text)
      ? "no"
      : undefined;
  if ("words" in when) {
    const words = ` ${said} `;
    return when.words.find((word) => words.includes(` ${plain(word)} `));
  }
  if ("number" in when) {
    const number = Number((keys || /-?\d+(?:[.,]\d+)?/.exec(said)?.[0])?.replace(",", ".") ?? Number.NaN);
    return number >= when.number.from && number <= when.number.to ? String(number) : undefined;
  }
  const trimmed = text.trim() || keys;
  return trimmed === "" ? undefined : trimmed.slice(0, 1_600);
}
