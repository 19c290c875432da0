import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkFlow } from "../flows/check-flow.ts";
import type { Flow } from "../flows/flow.ts";
import { starterFlows } from "../flows/starter-flows.ts";
import { type ConversationEvent, fill, type Standing, takeStep, unbegun } from "./take-step.ts";

const now = new Date("2026-03-01T09:00:00Z");
const medication = starterFlows.find(({ id }) => id === "medication")!.flow;
const waiting = (flow: Flow): Standing => unbegun(flow, { name: "Rosa", title: "Vitamin D", time: "09:00" });

function run(flow: Flow, events: ConversationEvent[], language = "en") {
  let standing = waiting(flow);
  const says: string[] = [];
  const tells: string[] = [];
  for (const event of events) {
    const step = takeStep(flow, standing, event, language, now);
    if (!step) continue;
    standing = step.next;
    says.push(...step.says);
    tells.push(...step.tells.map((texts) => texts["en"]!));
  }
  return { standing, says, tells };
}

test("the starter flows are sound", () => {
  for (const { id, flow } of starterFlows) assert.deepEqual(checkFlow(flow).faults, [], id);
});

test("a yes ends the conversation as confirmed", () => {
  const { standing, says } = run(medication, [{ type: "begin" }, { type: "reply", text: "Yes!" }]);
  assert.equal(standing.outcome, "confirmed");
  assert.equal(standing.status, "ended");
  assert.deepEqual(says, [
    "Hello Rosa, it is time for: Vitamin D. Have you taken it? Answer YES or NO.",
    "Thank you, Rosa. Well done.",
  ]);
});

test("what is said is said in the contact's language, or in English", () => {
  assert.match(run(medication, [{ type: "begin" }], "de").says[0]!, /^Hallo Rosa/);
  assert.match(run(medication, [{ type: "begin" }], "ja").says[0]!, /^Hello Rosa/);
});

test("an answer that fits nothing is asked again, and then followed by what the flow says", () => {
  const { standing, says } = run(medication, [
    { type: "begin" },
    ...["", "?", "🤷"].map((text) => ({ type: "reply", text }) as const),
  ]);
  assert.equal(says.filter((text) => text.startsWith("Sorry")).length, 2);
  assert.equal(standing.outcome, "missed");
});

test("two silences are a miss", () => {
  const once = run(medication, [{ type: "begin" }, { type: "silence" }]);
  assert.equal(once.standing.state, "again");
  assert.equal(once.standing.timesOutAt?.toISOString(), "2026-03-01T10:00:00.000Z");
  assert.equal(
    run(medication, [{ type: "begin" }, { type: "silence" }, { type: "silence" }]).standing.outcome,
    "missed",
  );
});

test("a worrying answer is told with its words", () => {
  const { standing, tells } = run(medication, [
    { type: "begin" },
    { type: "reply", text: "no" },
    { type: "reply", text: "I feel dizzy" },
  ]);
  assert.equal(standing.worrying, true);
  assert.deepEqual(tells, ["Rosa answered about Vitamin D: dizzy. Please call them."]);
});

test("a value that looks like a placeholder or markup stays what it is", () => {
  assert.equal(fill("{{a}} {{ b }} {{c}}", { a: "{{b}}", b: "<Hangup/>" }), "{{b}} <Hangup/> ");
  assert.equal(fill("{{constructor}}", {}), "");
});

test("whatever happens, a conversation stays in a state of its flow, and nothing follows its end", () => {
  const event = fc.oneof(
    fc.constant<ConversationEvent>({ type: "begin" }),
    fc.constant<ConversationEvent>({ type: "silence" }),
    fc.constant<ConversationEvent>({ type: "stop" }),
    fc
      .oneof(fc.constantFrom("yes", "no", "later", "4", "1", ""), fc.string())
      .map((text): ConversationEvent => ({ type: "reply", text })),
  );
  fc.assert(
    fc.property(fc.constantFrom(...starterFlows), fc.array(event, { maxLength: 20 }), ({ flow }, events) => {
      let standing = waiting(flow);
      for (const next of events) {
        const step = takeStep(flow, standing, next, "en", now);
        assert.deepEqual(takeStep(flow, standing, next, "en", now), step, "the same again");
        if (standing.status === "ended") assert.equal(step, undefined);
        if (!step) continue;
        standing = step.next;
        assert.ok(standing.state in flow.states);
        assert.equal(standing.status === "ended", standing.outcome !== null);
        assert.equal(standing.status === "active", standing.timesOutAt !== null);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("faults of a flow are named with their place", () => {
  // biome-ignore lint/suspicious/noExplicitAny: what is done to it is wrong on purpose
  const broken = (change: (flow: any) => void) => {
    const flow = structuredClone(medication);
    change(flow);
    return checkFlow(flow).faults.map(({ path, message }) => `${path}: ${message}`);
  };
  assert.match(
    broken((f) => (f.states.ask.listen.silence.goto = "nowhere")).join(),
    /states\.ask\.listen\.silence\.goto: There is no state 'nowhere'/,
  );
  assert.match(broken((f) => (f.states.lost = { end: "done" })).join(), /states\.lost: Nothing leads here/);
  assert.match(broken((f) => (f.states.taken = { goto: "taken" })).join(), /Runs in a circle: taken → taken/);
  assert.match(
    broken((f) => (f.states.taken.say.en = "Bye {{nmae}}")).join(),
    /states\.taken\.say\.en: Nothing is called 'nmae'/,
  );
  assert.match(broken((f) => delete f.states.taken.end).join(), /states\.taken: Needs exactly one of/);
  assert.match(
    broken((f) => (f.states.ask.listen.answers[1].key = "1")).join(),
    /Key 1 means something else already/,
  );
  assert.match(
    broken((f) => (f.states.ask.listen.silence.after = "soon")).join(),
    /must be like '30 minutes'/,
  );
  assert.match(broken((f) => (f.start = "gone")).join(), /start: There is no state 'gone'/);
  const trapped = {
    start: "a",
    states: {
      a: {
        say: { en: "?" },
        listen: {
          answers: [{ when: { anything: true }, goto: "a" }],
          unclear: { say: { en: "?" }, times: 1, goto: "a" },
          silence: { after: "1 hour", goto: "a" },
        },
      },
    },
  };
  assert.match(checkFlow(trapped).faults[0]!.message, /No way leads from here to an end/);
});
