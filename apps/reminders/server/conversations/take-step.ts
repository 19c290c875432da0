import { parseDuration } from "../flows/duration.ts";
import type { Flow, FlowState, Outcome, Texts } from "../flows/flow.ts";
import { type Reply, understand } from "../flows/understand.ts";

/** Where a conversation stands, all that a step depends on. */
export interface Standing {
  status: "waiting" | "active" | "ended";
  state: string;
  variables: Record<string, string>;
  /** Answers in a row that fitted nothing. */
  unclear: number;
  outcome: Outcome | "stopped" | "expired" | null;
  worrying: boolean;
  timesOutAt: Date | null;
}

export type ConversationEvent =
  | { type: "begin" }
  | ({ type: "reply" } & Reply)
  | { type: "silence" }
  /** The contact wrote STOP, or was archived. */
  | { type: "stop" };

export interface Step {
  next: Standing;
  /** What is said now, already in the contact's words. */
  says: string[];
  /** What caregivers are told. */
  tells: Texts[];
}

/** A conversation that nobody was asked in yet; `variables` are what its texts may name. */
export function unbegun(flow: Flow, variables: Record<string, string>): Standing {
  return {
    status: "waiting",
    state: flow.start,
    variables,
    unclear: 0,
    outcome: null,
    worrying: false,
    timesOutAt: null,
  };
}

/**
 * One step of a conversation. Pure: the same standing, event and time give the same step, so that a replay of the events is the conversation.
 * Nothing, where the event says nothing to a conversation that stands like this.
 */
export function takeStep(
  flow: Flow,
  standing: Standing,
  event: ConversationEvent,
  language: string,
  now: Date,
): Step | undefined {
  switch (event.type) {
    case "begin":
      return standing.status === "waiting"
        ? enter(flow, { ...standing, status: "active" }, flow.start, language, now)
        : undefined;
    case "stop":
      return standing.status === "ended"
        ? undefined
        : { next: ended(standing, "stopped"), says: [], tells: [] };
    case "silence": {
      if (standing.status !== "active") return undefined;
      const listening = flow.states[standing.state]?.listen;
      return listening ? enter(flow, standing, listening.silence.goto, language, now) : undefined;
    }
    case "reply":
      return standing.status === "active" ? hear(flow, standing, event, language, now) : undefined;
  }
}

function hear(flow: Flow, standing: Standing, reply: Reply, language: string, now: Date): Step | undefined {
  const state = flow.states[standing.state];
  if (!state?.listen) return undefined;
  const understood = understand(state, reply);
  if (understood) {
    const variables: Record<string, string> = { ...standing.variables, answer: understood.value };
    if (understood.answer.save) variables[understood.answer.save] = understood.value;
    return enter(flow, { ...standing, variables, unclear: 0 }, understood.answer.goto, language, now);
  }
  const { unclear } = state.listen;
  if (standing.unclear >= unclear.times) {
    return enter(flow, { ...standing, unclear: 0 }, unclear.goto, language, now);
  }
  return {
    next: { ...standing, unclear: standing.unclear + 1, timesOutAt: timeOutOf(state, now) },
    says: [inWords(unclear.say, language, standing.variables)],
    tells: [],
  };
}

function enter(flow: Flow, from: Standing, target: string, language: string, now: Date): Step {
  const says: string[] = [];
  const tells: Texts[] = [];
  let next: Standing = { ...from, unclear: 0 };
  // A checked flow has no circle without a question; the bound only keeps a damaged one from saying it for ever.
  for (let name: string | undefined = target, count = 0; name !== undefined && count < 50; count++) {
    const state: FlowState | undefined = flow.states[name];
    if (!state) break;
    next = { ...next, state: name };
    if (state.say) says.push(inWords(state.say, language, next.variables));
    if (state.tell) {
      tells.push(
        Object.fromEntries(
          Object.entries(state.tell).map(([key, text]) => [key, fill(text, next.variables)]),
        ),
      );
    }
    if (state.end) return { next: ended(next, state.end), says, tells };
    if (state.listen) return { next: { ...next, timesOutAt: timeOutOf(state, now) }, says, tells };
    name = state.goto;
  }
  return { next: ended(next, "expired"), says, tells };
}

function ended(standing: Standing, outcome: NonNullable<Standing["outcome"]>): Standing {
  return {
    ...standing,
    status: "ended",
    outcome,
    worrying: standing.worrying || outcome === "worrying",
    timesOutAt: null,
    unclear: 0,
  };
}

function timeOutOf(state: FlowState, now: Date): Date {
  return new Date(now.getTime() + parseDuration(state.listen!.silence.after)! * 1_000);
}

function inWords(texts: Texts, language: string, variables: Record<string, string>): string {
  return fill(texts[language] ?? texts["en"]!, variables);
}

/** Puts values in the place of `{{names}}`; what has no value yet is left out. */
export function fill(text: string, variables: Record<string, string>): string {
  return text.replace(/\{\{\s*([a-z0-9_]+)\s*\}\}/g, (_, name: string) =>
    Object.hasOwn(variables, name) ? variables[name]! : "",
  );
}
