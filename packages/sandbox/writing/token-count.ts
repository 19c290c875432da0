/** About as many as a model's tokenizer finds in European text: four characters each. */
export const tokenCount = (text: string): number => Math.ceil(text.length / 4);

/** Pieces of a text as models stream them: words with the blank before them. */
export const tokensOf = (text: string): string[] =>
  text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text === "" ? [] : [text]);
