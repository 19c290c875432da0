import { useEffect, useState } from "react";
import {
  type ConversationEvent,
  type Standing,
  takeStep,
  unbegun,
} from "../../server/conversations/take-step.ts";
import type { Flow } from "../../server/flows/flow.ts";
import { LanguageOptions } from "./contact-fields.tsx";

interface Line {
  by: "in" | "out" | "caregiver" | "clock";
  text: string;
}

/** The flow on a telephone, by the very engine that talks to people. Nothing is sent. */
export function PhonePreview({
  flow,
  language,
  onLanguage,
}: {
  flow: Flow | undefined;
  language: string;
  onLanguage: (language: string) => void;
}) {
  const [standing, setStanding] = useState<Standing>();
  const [lines, setLines] = useState<Line[]>([]);
  const restart = () => {
    if (!flow) return;
    const waiting = unbegun(flow, { name: "Rosa", title: "Vitamin D", time: "09:00" });
    const step = takeStep(flow, waiting, { type: "begin" }, language, new Date());
    setStanding(step?.next);
    setLines(step?.says.map((text) => ({ by: "out", text })) ?? []);
  };
  // A change of the flow or its language begins anew.
  useEffect(restart, [flow, language]);
  const happen = (event: ConversationEvent, line: Line) => {
    if (!flow || !standing) return;
    const step = takeStep(flow, standing, event, language, new Date());
    setLines([
      ...lines,
      line,
      ...(step?.says.map((text): Line => ({ by: "out", text })) ?? []),
      ...(step?.tells.map((texts): Line => ({ by: "caregiver", text: texts[language] ?? texts["en"]! })) ??
        []),
    ]);
    if (step) setStanding(step.next);
  };
  return (
    <section className="panel phone" aria-label="Preview on a phone">
      <div className="row">
        <h2>Try it</h2>
        <select aria-label="Language" value={language} onChange={(event) => onLanguage(event.target.value)}>
          <LanguageOptions />
        </select>
        <button type="button" className="quiet" onClick={restart}>
          Again
        </button>
      </div>
      <ol className="bubbles" aria-live="polite">
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added
          <li key={index} className={line.by === "in" ? "in" : line.by === "out" ? "out" : "caregiver"}>
            <p>{line.text}</p>
          </li>
        ))}
        {standing?.status === "ended" && <li className="caregiver">The end: {standing.outcome}</li>}
      </ol>
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const text = String(new FormData(form).get("text") ?? "");
          happen({ type: "reply", text }, { by: "in", text: text || "(no text)" });
          form.reset();
        }}
      >
        <input
          name="text"
          aria-label="Answer"
          placeholder="Answer as Rosa"
          autoComplete="off"
          disabled={standing?.status !== "active"}
        />
        <button type="submit" disabled={standing?.status !== "active"}>
          Send
        </button>
      </form>
      <button
        type="button"
        className="quiet"
        disabled={standing?.status !== "active"}
        onClick={() => happen({ type: "silence" }, { by: "clock", text: "No answer comes in time" })}
      >
        Let the time pass
      </button>
    </section>
  );
}
