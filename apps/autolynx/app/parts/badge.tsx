import { statusWords } from "./words.ts";

export function Badge({ of }: { of: string }) {
  const [word, tone] = statusWords[of] ?? [of, ""];
  return <span className={`badge ${tone}`}>{word}</span>;
}
