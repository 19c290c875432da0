/** Words that say nothing of what a text is about. */
const empty = new Set(
  "a an and are as at be but by can could did do does for from had has have how i if in into is it its me my no not of on or our shall she should so than that the their them then there these they this to up us was we were what when where which who why will with would you your".split(
    " ",
  ),
);

/** What a text is about: its words in lower case, cut to a stem, without those that say nothing. */
export function contentWords(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !empty.has(word)).map(stem);
}

/** So that `calls`, `called` and `calling` are one. */
const stem = (word: string): string =>
  word.length > 4 ? word.replace(/(?:ings?|ied|ies|ed|es|s|ly)$/, "") : word;

/** Sentences and lines, without what only lays a text out. */
export const sentencesOf = (text: string): string[] =>
  text
    .split(/(?<=[.!?])\s+|\n+/)
    .map((sentence) => sentence.replace(/^[\s#>*-]+/, "").trim())
    .filter((sentence) => /[\p{L}\p{N}]{2}/u.test(sentence));
