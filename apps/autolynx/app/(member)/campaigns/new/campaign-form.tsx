"use client";
import { type FormEvent, useState } from "react";
import { ask } from "../../../parts/ask.ts";
import { Failure } from "../../../parts/failure.tsx";

interface Choice {
  id: string;
  name: string;
}

const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const retried = [
  ["NO_ANSWER", "No answer"],
  ["BUSY", "Busy"],
  ["VOICEMAIL", "Voicemail"],
  ["FAILED", "Failed"],
] as const;

export function CampaignForm({
  assistants,
  lines,
  cap,
  line,
  zones,
}: {
  assistants: Choice[];
  lines: (Choice & { health: string })[];
  cap: number;
  line: string;
  zones: string[];
}) {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    setBusy(true);
    setError(undefined);
    try {
      const { id } = await ask<{ id: string }>("POST", "/campaigns", {
        name: text("name"),
        assistantId: text("assistantId"),
        lineId: text("lineId"),
        cap: Number(text("cap")),
        strictBatching: form.has("strictBatching"),
        windowFrom: text("windowFrom"),
        windowUntil: text("windowUntil"),
        windowDays: form.getAll("windowDays").map(Number),
        timeZone: text("timeZone"),
        country: text("country").toUpperCase() || null,
        maxAttempts: Number(text("maxAttempts")),
        retryAfterMinutes: Number(text("retryAfterMinutes")),
        retryOutcomes: form.getAll("retryOutcomes"),
        budget: text("budget") ? Number(text("budget")) : null,
      });
      location.assign(`/campaigns/${id}`);
    } catch (refusal) {
      setError(refusal);
      setBusy(false);
    }
  };
  if (assistants.length === 0 || lines.length === 0) return <NothingSynced />;
  return (
    <form className="stack" method="post" onSubmit={submit}>
      <section className="panel">
        <h2>Who calls</h2>
        <div className="fields">
          <label>
            Name of the campaign
            <input name="name" maxLength={120} required />
          </label>
          <label>
            Assistant
            <select name="assistantId">
              {assistants.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label>
            Number to call from
            <select name="lineId" defaultValue={lines.some(({ id }) => id === line) ? line : lines[0]!.id}>
              {lines.map(({ id, name, health }) => (
                <option key={id} value={id}>
                  {name}
                  {health === "unhealthy" ? ", not healthy" : ""}
                </option>
              ))}
            </select>
          </label>
        </div>
      </section>
      <section className="panel">
        <h2>How many at once</h2>
        <div className="fields">
          <label>
            Calls at once, at most
            <input name="cap" type="number" min={1} max={1000} defaultValue={cap} required />
          </label>
          <label>
            Budget in dollars, if any
            <input name="budget" type="number" min={0.01} step={0.01} />
          </label>
        </div>
        <label className="check">
          <input name="strictBatching" type="checkbox" defaultChecked />
          Strict batches: the next calls begin when all of the last batch have ended
        </label>
      </section>
      <section className="panel">
        <h2>When, at the contact's local time</h2>
        <div className="fields">
          <label>
            From
            <input name="windowFrom" type="time" defaultValue="09:00" required />
          </label>
          <label>
            Until
            <input name="windowUntil" type="time" defaultValue="20:00" required />
          </label>
          <label>
            Time zone of contacts without one
            <input name="timeZone" list="zones" defaultValue="UTC" required />
            <datalist id="zones">
              {zones.map((zone) => (
                <option key={zone} value={zone} />
              ))}
            </datalist>
          </label>
          <label>
            Country of numbers without +, like US
            <input name="country" maxLength={2} pattern="[A-Za-z]{2}" />
          </label>
        </div>
        <fieldset>
          <legend>Days</legend>
          <div className="row">
            {days.map((day, index) => (
              <label key={day} className="check">
                <input name="windowDays" type="checkbox" value={index + 1} defaultChecked={index < 5} />
                {day}
              </label>
            ))}
          </div>
        </fieldset>
        <small>From and until the same time means the whole day.</small>
      </section>
      <section className="panel">
        <h2>Who is tried again</h2>
        <div className="fields">
          <label>
            Attempts, at most
            <input name="maxAttempts" type="number" min={1} max={10} defaultValue={2} required />
          </label>
          <label>
            Minutes between them
            <input name="retryAfterMinutes" type="number" min={0} max={10080} defaultValue={60} required />
          </label>
        </div>
        <fieldset>
          <legend>After</legend>
          <div className="row">
            {retried.map(([value, word]) => (
              <label key={value} className="check">
                <input
                  name="retryOutcomes"
                  type="checkbox"
                  value={value}
                  defaultChecked={value !== "VOICEMAIL"}
                />
                {word}
              </label>
            ))}
          </div>
        </fieldset>
      </section>
      <Failure error={error} />
      <div className="row">
        <button type="submit" disabled={busy}>
          {busy ? "Making it …" : "Make it"}
        </button>
        <small>Contacts come next; nobody is called before you start it.</small>
      </div>
    </form>
  );
}

function NothingSynced() {
  const [error, setError] = useState<unknown>();
  return (
    <div className="panel empty">
      <h2>The provider has no assistant or no number for us yet</h2>
      <p>Make them there, then read them here.</p>
      <Failure error={error} />
      <button type="button" onClick={() => ask("POST", "/sync").then(() => location.reload(), setError)}>
        Read them now
      </button>
    </div>
  );
}
