import type { SeededRandom } from "../accounts/seeded-random.ts";
import type { Conversation, Tool, Written } from "./conversation-text.ts";
import { fillSchema } from "./fill-schema.ts";
import { tokensOf } from "./token-count.ts";
import { contentWords, sentencesOf } from "./words.ts";

const quoted = 3;

/**
 * An answer without a model: sentences of the given text that have most in common with the question, in their order, and plainly said to be
 * the sandbox's. Where tools or a schema are given, these are used as a model would.
 */
export function writeAnswer(conversation: Conversation, random: SeededRandom): Written {
  const tool = toolToCall(conversation);
  if (tool) {
    const given = fillSchema({ ...tool.parameters, type: "object" }, conversation, random);
    return {
      text: "",
      toolCalls: [{ name: tool.name, arguments: given as Record<string, unknown> }],
      cut: false,
    };
  }
  const { schema, longest } = conversation;
  const whole =
    schema === undefined
      ? extract(conversation)
      : JSON.stringify(
          schema === true
            ? { answer: extract(conversation), source: "sandbox" }
            : fillSchema(schema, conversation, random),
        );
  const tokens = tokensOf(whole);
  const cut = longest !== undefined && tokens.length > longest;
  return { text: cut ? tokens.slice(0, longest).join("") : whole, toolCalls: [], cut };
}

/** What is asked: the last words of a person. */
export const questionOf = ({ turns }: Conversation): string =>
  turns.findLast(({ role }) => role === "user")?.text ?? turns.at(-1)?.text ?? "";

/** The sentences of everything that was given, nearest to the question first. */
export function nearestSentences(conversation: Conversation): string[] {
  const question = questionOf(conversation);
  const wanted = new Set(contentWords(sentencesOf(question).at(-1) ?? question));
  const asked = sentencesOf(question).at(-1);
  const given = conversation.turns
    .filter(({ role }) => role !== "assistant")
    .flatMap(({ text }) => sentencesOf(text));
  return [...new Set(given)]
    .filter((sentence) => sentence !== asked)
    .map((sentence, index) => ({ sentence, index, near: nearness(sentence, wanted) }))
    .sort((a, b) => b.near - a.near || a.index - b.index)
    .map(({ sentence }) => sentence);
}

function extract(conversation: Conversation): string {
  const { turns } = conversation;
  const result = turns.at(-1);
  if (result?.role === "tool") return `(Sandbox) The tool returned: ${result.text}`;
  const question = questionOf(conversation);
  const asked = sentencesOf(question).at(-1) ?? question;
  const wanted = new Set(contentWords(asked));
  const near = nearestSentences(conversation).filter((sentence) => nearness(sentence, wanted) > 0);
  if (near.length === 0) {
    return `(Sandbox) No model answers here, and the given text says nothing about: ${asked.slice(0, 200)}`;
  }
  const chosen = new Set(near.slice(0, quoted));
  const inOrder = [...new Set(turns.flatMap(({ text }) => sentencesOf(text)))].filter((one) =>
    chosen.has(one),
  );
  return `(Sandbox) From the given text: ${inOrder.join(" ")}`;
}

/** How many of the wanted words a sentence has, long sentences a little less. */
function nearness(sentence: string, wanted: ReadonlySet<string>): number {
  const words = new Set(contentWords(sentence));
  let shared = 0;
  for (const word of words) if (wanted.has(word)) shared++;
  return shared === 0 ? 0 : shared / Math.sqrt(words.size);
}

/** A model calls a tool once, before it answers: the one that is asked for, or whose description fits the question best. */
function toolToCall({ turns, tools, toolChoice }: Conversation): Tool | undefined {
  if (toolChoice === "none" || tools.length === 0 || turns.at(-1)?.role === "tool") return undefined;
  const named = tools.find(({ name }) => name === toolChoice);
  if (named) return named;
  const wanted = new Set(contentWords(questionOf({ turns } as Conversation)));
  const ranked = tools
    .map((tool) => ({
      tool,
      near: nearness(`${tool.name.replaceAll(/[_-]/g, " ")} ${tool.description}`, wanted),
    }))
    .sort((a, b) => b.near - a.near);
  return toolChoice === "required" || ranked[0]!.near > 0 ? ranked[0]!.tool : undefined;
}
