import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { ask } from "../ask.ts";
import { ContactFields, contactOf, LanguageOptions } from "../parts/contact-fields.tsx";
import { ReminderForm } from "../parts/reminder-form.tsx";
import { Badge, Failure, Loading, Time } from "../parts/states.tsx";

interface Reminder {
  id: string;
  kind: string;
  title: string;
  channel: string;
  flowId: string;
  startsOn: string;
  times: string[];
  rrule: string | null;
  paused: boolean;
}

interface Whole {
  contact: {
    id: string;
    name: string;
    phone: string;
    timeZone: string;
    language: string;
    quietFrom: string | null;
    quietUntil: string | null;
    consent: string;
  };
  caregivers: { id: string; name: string; phone: string; afterMissed: number }[];
  reminders: Reminder[];
  consent: { consent: string; source: string; detail: string; at: string }[];
}

export default function Contact({ id }: { id: string }) {
  const queries = useQueryClient();
  const [, go] = useLocation();
  const whole = useQuery({ queryKey: ["contact", id], queryFn: () => ask<Whole>(`/contacts/${id}`) });
  const change = useMutation({
    mutationFn: ({ path, method, body }: { path: string; method: string; body?: unknown }) =>
      ask(path, method, body),
    onSuccess: () => queries.invalidateQueries(),
  });
  if (whole.isPending) return <Loading />;
  if (whole.isError) return <Failure error={whole.error} />;
  const { contact, caregivers, reminders, consent } = whole.data;
  const send = (path: string, method: string, body?: unknown) => change.mutateAsync({ path, method, body });
  return (
    <>
      <div className="heading">
        <h1>{contact.name}</h1>
        <Badge of={contact.consent}>
          {contact.consent === "given"
            ? "has agreed"
            : contact.consent === "pending"
              ? "has not decided"
              : "has opted out"}
        </Badge>
      </div>
      <Failure error={change.error} />
      <Section title="Reminders">
        {reminders.length === 0 && <p>No reminders yet.</p>}
        <ul className="rows">
          {reminders.map((one) => (
            <li key={one.id}>
              <span className="grow">
                <strong>{one.title}</strong>
                <small>
                  {one.times.join(", ")} · {one.rrule ?? `once, on ${one.startsOn}`} ·{" "}
                  {one.channel === "sms" ? "text" : "call"} · {one.flowId}
                </small>
              </span>
              {one.paused && <Badge of="waiting">paused</Badge>}
              <button
                type="button"
                className="quiet"
                onClick={() => send(`/reminders/${one.id}/${one.paused ? "resume" : "pause"}`, "POST")}
              >
                {one.paused ? "Resume" : "Pause"}
              </button>
              <button
                type="button"
                className="quiet"
                onClick={() =>
                  window.confirm(`Remove "${one.title}"?`) && send(`/reminders/${one.id}`, "DELETE")
                }
              >
                Remove
              </button>
            </li>
          ))}
        </ul>
        <ReminderForm contactId={id} onAdd={(reminder) => send("/reminders", "POST", reminder)} />
      </Section>
      <Section title="Caregivers">
        <p>
          They get a text when an answer is worrying, or when a reminder was missed several times in a row.
        </p>
        <ul className="rows">
          {caregivers.map((one) => (
            <li key={one.id}>
              <span className="grow">
                <strong>{one.name}</strong>
                <small>
                  {one.phone} · after {one.afterMissed} missed
                </small>
              </span>
              <button
                type="button"
                className="quiet"
                onClick={() => send(`/contacts/${id}/caregivers/${one.id}`, "DELETE")}
              >
                Remove
              </button>
            </li>
          ))}
        </ul>
        <CaregiverForm onAdd={(caregiver) => send(`/contacts/${id}/caregivers`, "POST", caregiver)} />
      </Section>
      <Section title="Consent">
        <div className="row">
          {contact.consent !== "given" && (
            <Consent
              label="Record that they agreed"
              onRecord={(source) => send(`/contacts/${id}/consent`, "POST", { consent: "given", source })}
            />
          )}
          {contact.consent === "pending" && (
            <button
              type="button"
              className="quiet"
              onClick={() => send(`/contacts/${id}/invitation`, "POST", {})}
            >
              Ask them by text
            </button>
          )}
          {contact.consent === "given" && (
            <button
              type="button"
              className="quiet"
              onClick={() =>
                send(`/contacts/${id}/consent`, "POST", { consent: "withdrawn", source: "telephone" })
              }
            >
              Record that they opted out
            </button>
          )}
        </div>
        <ul className="rows">
          {consent.map((one) => (
            <li key={one.at}>
              <Badge of={one.consent} />
              <span className="grow">
                by {one.source} {one.detail && <q>{one.detail}</q>}
              </span>
              <Time at={one.at} />
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Details">
        <form
          className="column"
          onSubmit={(event) => {
            event.preventDefault();
            void send(`/contacts/${id}`, "PUT", contactOf(new FormData(event.currentTarget))).catch(() => {});
          }}
        >
          <ContactFields of={contact} />
          <div className="row">
            <button type="submit">Save</button>
            <button
              type="button"
              className="danger"
              onClick={async () => {
                if (
                  !window.confirm(`Remove ${contact.name}? Open conversations end and nothing more is sent.`)
                )
                  return;
                await send(`/contacts/${id}`, "DELETE");
                go("/contacts");
              }}
            >
              Remove
            </button>
          </div>
        </form>
      </Section>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="panel">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Consent({ label, onRecord }: { label: string; onRecord: (source: string) => Promise<unknown> }) {
  const [source, setSource] = useState("in person");
  return (
    <>
      <select aria-label="How they agreed" value={source} onChange={(event) => setSource(event.target.value)}>
        {["in person", "telephone", "paper", "web"].map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
      <button type="button" onClick={() => onRecord(source)}>
        {label}
      </button>
    </>
  );
}

function CaregiverForm({ onAdd }: { onAdd: (caregiver: object) => Promise<unknown> }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = Object.fromEntries(new FormData(form));
    onAdd({ ...given, afterMissed: Number(given["afterMissed"]) }).then(
      () => form.reset(),
      () => {},
    );
  };
  return (
    <details>
      <summary>Add a caregiver</summary>
      <form className="column" onSubmit={submit}>
        <div className="grid">
          <label>
            Name <input name="name" required />
          </label>
          <label>
            Telephone <input name="phone" type="tel" required placeholder="+1 415 555 2671" />
          </label>
          <label>
            Language
            <select name="language" defaultValue="en">
              <LanguageOptions />
            </select>
          </label>
          <label>
            Told after missed <input name="afterMissed" type="number" min={1} max={30} defaultValue={2} />
          </label>
        </div>
        <button type="submit">Add</button>
      </form>
    </details>
  );
}
