import assert from "node:assert/strict";
import { test } from "node:test";
import { keywordOf } from "../messages/keywords.ts";
import type { FlowState } from "./flow.ts";
import { plain, understand } from "./understand.ts";

const question: FlowState = {
  say: { en: "?" },
  listen: {
    answers: [
      { when: { yes: true }, key: "1", goto: "a" },
      { when: { no: true }, key: "2", goto: "b" },
      { when: { words: ["later", "mañana"] }, goto: "c" },
      { when: { number: { from: 3, to: 5 } }, save: "mood", goto: "d" },
    ],
    unclear: { say: { en: "?" }, times: 1, goto: "a" },
    silence: { after: "1 hour", goto: "a" },
  },
};
const free: FlowState = {
  ...question,
  listen: { ...question.listen!, answers: [{ when: { anything: true }, goto: "e" }] },
};

const heard = (text: string, keys?: string) =>
  understand(question, { text, ...(keys && { keys }) })?.answer.goto;

test("yes and no are understood in several languages, with accents, punctuation and signs", () => {
  for (const text of [
    "Yes",
    "YES!!",
    " y ",
    "Sí.",
    "¡Sí!",
    "Oui",
    "ja",
    "Yes, thank you",
    "👍",
    "1",
    "ok 😊",
  ])
    assert.equal(heard(text), "a", text);
  for (const text of ["No", "nope", "Não", "nein!", "👎", "2", "No, not yet"])
    assert.equal(heard(text), "b", text);
  for (const text of ["", "   ", "🤷", "yesterday", "nothing", "?", "￼", "yes".repeat(600)])
    assert.equal(heard(text), undefined, text);
});

test("words are found within a sentence, but not within words", () => {
  assert.equal(heard("please, LATER today"), "c");
  assert.equal(heard("Manana"), "c");
  assert.equal(heard("collateral"), undefined);
});

test("numbers count within their bounds, also with a comma and from keys", () => {
  assert.equal(heard("I would say 4"), "d");
  assert.equal(heard("3,5"), "d");
  assert.equal(heard("6"), undefined);
  assert.equal(heard("", "5"), "d");
  assert.equal(heard("", "1"), "a");
  assert.equal(heard("", "*#"), undefined);
});

test("anything is anything but nothing", () => {
  assert.equal(understand(free, { text: "  " }), undefined);
  assert.equal(understand(free, { text: "x".repeat(5_000) })?.value.length, 1_600);
});

test("keywords are whole texts in any writing", () => {
  assert.equal(keywordOf("Stop."), "stop");
  assert.equal(keywordOf("ARRÊT"), "stop");
  assert.equal(keywordOf(" opt-out "), "stop");
  assert.equal(keywordOf("unsubscribe!"), "stop");
  assert.equal(keywordOf("début"), "start");
  assert.equal(keywordOf("Ayuda"), "help");
  assert.equal(keywordOf("please do not stop"), undefined);
});

test("plain leaves numbers whole", () => {
  assert.equal(plain("  ¿Qué   tal, 3.5? "), "que tal 3.5");
});
