import { z } from "zod";
import { parseDuration } from "./duration.ts";

/** A text in every language that the flow speaks; `en` is what everybody else gets. `{{name}}` stands for a variable. */
const text = z
  .record(z.string().regex(/^[a-z]{2,3}$/, "a language is two or three letters"), z.string().min(1).max(1200))
  .refine((texts) => "en" in texts, "needs an English text, which is what other languages fall back to");

const duration = z
  .string()
  .refine((value) => parseDuration(value) !== undefined, "must be like '30 minutes', '2 hours' or '1 day'");
const stateName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "must be lower-case letters, digits and _");
const variableName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "must be lower-case letters, digits and _");

/** What an answer may be. The first that fits is taken. */
const condition = z.union([
  z.strictObject({ yes: z.literal(true) }),
  z.strictObject({ no: z.literal(true) }),
  z.strictObject({ words: z.array(z.string().min(1).max(40)).min(1).max(40) }),
  z.strictObject({ number: z.strictObject({ from: z.number(), to: z.number() }) }),
  z.strictObject({ anything: z.literal(true) }),
]);

const answer = z.strictObject({
  when: condition,
  /** Keeps what was answered under this name. */
  save: variableName.optional(),
  /** The key that means this on a telephone. */
  key: z
    .string()
    .regex(/^[0-9]$/, "is one digit")
    .optional(),
  goto: stateName,
});

const listening = z.strictObject({
  answers: z.array(answer).min(1).max(20),
  /** When an answer fits nothing: said again, at most `times`, then `goto`. */
  unclear: z.strictObject({ say: text, times: z.int().min(1).max(5), goto: stateName }),
  silence: z.strictObject({ after: duration, goto: stateName }),
});

const state = z.strictObject({
  say: text.optional(),
  listen: listening.optional(),
  goto: stateName.optional(),
  /** The conversation is over, with this outcome. */
  end: z.enum(["confirmed", "declined", "missed", "worrying", "done"]).optional(),
  /** Caregivers are told this. */
  tell: text.optional(),
});

export const flowSchema = z.strictObject({
  start: stateName,
  states: z.record(stateName, state),
});

export type Flow = z.infer<typeof flowSchema>;
export type FlowState = z.infer<typeof state>;
export type Texts = z.infer<typeof text>;
export type Answer = z.infer<typeof answer>;
export type Outcome = NonNullable<FlowState["end"]>;

/** What every text may name, besides what answers were saved as. */
export const givenVariables = ["name", "title", "time", "answer"] as const;
