import { type Flow, type FlowState, flowSchema, givenVariables } from "./flow.ts";

/** One thing that is wrong with a flow, and where. */
export interface FlowFault {
  /** `states.ask.listen.answers.0.goto` */
  path: string;
  message: string;
}

/** Every way out of a state. */
export function exitsOf(state: FlowState): string[] {
  if (state.end) return [];
  if (!state.listen) return state.goto === undefined ? [] : [state.goto];
  const { answers, unclear, silence } = state.listen;
  return [...answers.map((answer) => answer.goto), unclear.goto, silence.goto];
}

/**
 * Checks that a conversation in this flow can always go on and always ends: states exist, are reached, lead to an end, and none runs in a circle
 * without asking anybody anything.
 */
export function checkFlow(
  definition: unknown,
): { flow: Flow; faults: [] } | { flow?: undefined; faults: FlowFault[] } {
  const parsed = flowSchema.safeParse(definition);
  if (!parsed.success) {
    return {
      faults: parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
    };
  }
  const flow = parsed.data;
  const faults = [
    ...missingStates(flow),
    ...unfinishedStates(flow),
    ...unknownVariables(flow),
    ...keysTwice(flow),
  ];
  if (faults.length === 0) faults.push(...unreachedStates(flow), ...circles(flow), ...deadEnds(flow));
  return faults.length === 0 ? { flow, faults: [] } : { faults };
}

function missingStates(flow: Flow): FlowFault[] {
  const faults: FlowFault[] = [];
  const names = Object.keys(flow.states).join(", ");
  const check = (path: string, name: string) => {
    if (!(name in flow.states))
      faults.push({ path, message: `There is no state '${name}'. States are: ${names}` });
  };
  check("start", flow.start);
  for (const [name, state] of Object.entries(flow.states)) {
    if (state.goto !== undefined) check(`states.${name}.goto`, state.goto);
    for (const [index, answer] of state.listen?.answers.entries() ?? []) {
      check(`states.${name}.listen.answers.${index}.goto`, answer.goto);
    }
    if (state.listen) {
      check(`states.${name}.listen.unclear.goto`, state.listen.unclear.goto);
      check(`states.${name}.listen.silence.goto`, state.listen.silence.goto);
    }
  }
  return faults;
}

function unfinishedStates(flow: Flow): FlowFault[] {
  const faults: FlowFault[] = [];
  for (const [name, state] of Object.entries(flow.states)) {
    const ways = [state.listen, state.goto, state.end].filter((way) => way !== undefined).length;
    if (ways !== 1) {
      faults.push({ path: `states.${name}`, message: "Needs exactly one of 'listen', 'goto' and 'end'" });
    }
    if (state.listen && !state.say)
      faults.push({ path: `states.${name}.say`, message: "A state that listens has to ask something" });
  }
  return faults;
}

function textsOf(flow: Flow): { path: string; text: string }[] {
  const found: { path: string; text: string }[] = [];
  for (const [name, state] of Object.entries(flow.states)) {
    const add = (path: string, texts: Record<string, string> | undefined) => {
      for (const [language, text] of Object.entries(texts ?? {}))
        found.push({ path: `states.${name}.${path}.${language}`, text });
    };
    add("say", state.say);
    add("tell", state.tell);
    add("listen.unclear.say", state.listen?.unclear.say);
  }
  return found;
}

function unknownVariables(flow: Flow): FlowFault[] {
  const known = new Set<string>(givenVariables);
  for (const state of Object.values(flow.states)) {
    for (const answer of state.listen?.answers ?? []) if (answer.save) known.add(answer.save);
  }
  const faults: FlowFault[] = [];
  for (const { path, text } of textsOf(flow)) {
    for (const [, name] of text.matchAll(/\{\{\s*([^}]*?)\s*\}\}/g)) {
      if (!known.has(name!))
        faults.push({ path, message: `Nothing is called '${name}'. Known are: ${[...known].join(", ")}` });
    }
  }
  return faults;
}

function keysTwice(flow: Flow): FlowFault[] {
  const faults: FlowFault[] = [];
  for (const [name, state] of Object.entries(flow.states)) {
    const seen = new Set<string>();
    state.listen?.answers.forEach((answer, index) => {
      if (answer.key === undefined) return;
      if (seen.has(answer.key)) {
        faults.push({
          path: `states.${name}.listen.answers.${index}.key`,
          message: `Key ${answer.key} means something else already`,
        });
      }
      seen.add(answer.key);
    });
  }
  return faults;
}

function unreachedStates(flow: Flow): FlowFault[] {
  const reached = new Set([flow.start]);
  for (const name of reached) for (const next of exitsOf(flow.states[name]!)) reached.add(next);
  return Object.keys(flow.states)
    .filter((name) => !reached.has(name))
    .map((name) => ({ path: `states.${name}`, message: "Nothing leads here" }));
}

/** `a → b → a` without a question would be said for ever. */
function circles(flow: Flow): FlowFault[] {
  const faults: FlowFault[] = [];
  for (const name of Object.keys(flow.states)) {
    const passed = new Set<string>();
    for (let at: string | undefined = name; at !== undefined; at = flow.states[at]!.goto) {
      if (passed.has(at)) {
        if (at === name)
          faults.push({
            path: `states.${name}.goto`,
            message: `Runs in a circle: ${[...passed, at].join(" → ")}`,
          });
        break;
      }
      passed.add(at);
    }
  }
  return faults;
}

function deadEnds(flow: Flow): FlowFault[] {
  const ending = new Set(Object.keys(flow.states).filter((name) => flow.states[name]!.end));
  for (let grown = true; grown; ) {
    grown = false;
    for (const [name, state] of Object.entries(flow.states)) {
      if (ending.has(name) || !exitsOf(state).some((next) => ending.has(next))) continue;
      ending.add(name);
      grown = true;
    }
  }
  return Object.keys(flow.states)
    .filter((name) => !ending.has(name))
    .map((name) => ({ path: `states.${name}`, message: "No way leads from here to an end" }));
}
