import { plain } from "../flows/understand.ts";

export type Keyword = "stop" | "start" | "help";

// English as Twilio's default opt-out words, and their like in the languages that contacts have.
const words: Record<Keyword, string[]> = {
  stop: [
    ...["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out", "stop all"],
    ...[
      "alto",
      "parar",
      "cancelar",
      "baja",
      "arret",
      "arreter",
      "stopp",
      "abmelden",
      "pare",
      "sair",
      "ferma",
      "basta",
    ],
  ],
  start: [
    "start",
    "unstop",
    "inicio",
    "comenzar",
    "alta",
    "debut",
    "demarrer",
    "anmelden",
    "iniciar",
    "comecar",
    "inizio",
  ],
  help: ["help", "info", "ayuda", "aide", "hilfe", "ajuda", "aiuto"],
};

const meaning = new Map(
  Object.entries(words).flatMap(([keyword, list]) => list.map((word) => [word, keyword as Keyword] as const)),
);

/** The keyword that a text is, whatever its case, accents and punctuation: `Stop.`, `ARRÊT`. A word among others is none. */
export function keywordOf(text: string): Keyword | undefined {
  return meaning.get(
    plain(text)
      .replace(/[.,+-]+/g, " ")
      .trim(),
  );
}
