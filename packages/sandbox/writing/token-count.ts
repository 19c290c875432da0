import type { Conversation, Written } from "./conversation-text.ts";

/** About as many as a model's tokenizer finds in European text: four characters each. */
export const tokenCount = (text: string): number => Math.ceil(text.length / 4);

/** Pieces of a text as models stream them: words with the blank before them. */
export const tokensOf = (text: string): string[] =>
  text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text === "" ? [] : [text]);

/** With what frames each turn. */
export const tokensOfConversation = ({ turns, tools }: Conversation): number =>
  turns.reduce((sum, { text }) => sum + tokenCount(text) + 4, 3) +
  tokenCount(tools.length ? JSON.stringify(tools) : "");

export const writtenTokens = ({ text, toolCalls }: Written): number =>
  Math.max(1, tokenCount(text) + tokenCount(toolCalls.length ? JSON.stringify(toolCalls) : ""));
