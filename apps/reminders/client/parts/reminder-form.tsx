import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ask } from "../ask.ts";

const rules: [string, string][] = [
  ["FREQ=DAILY", "every day"],
  ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "on weekdays"],
  ["FREQ=WEEKLY", "every week"],
  ["FREQ=MONTHLY", "every month"],
  ["", "once"],
  ["own", "by a rule of my own"],
];

export function ReminderForm({
  contactId,
  onAdd,
}: {
  contactId: string;
  onAdd: (reminder: object) => Promise<unknown>;
}) {
  const flows = useQuery({
    queryKey: ["flows"],
    queryFn: () => ask<{ flows: { id: string; name: string }[] }>("/flows"),
  });
  const [rule, setRule] = useState("FREQ=DAILY");
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    onAdd({
      contactId,
      kind: given.get("kind"),
      title: given.get("title"),
      channel: given.get("channel"),
      flowId: given.get("flowId"),
      startsOn: given.get("startsOn"),
      times: String(given.get("times"))
        .split(/[\s,;]+/)
        .filter(Boolean),
      rrule: rule === "own" ? given.get("own") : rule || null,
    }).then(
      () => form.reset(),
      () => {},
    );
  };
  return (
    <details>
      <summary>Add a reminder</summary>
      <form className="column" onSubmit={submit}>
        <div className="grid">
          <label>
            What for <input name="title" required placeholder="Vitamin D" />
          </label>
          <label>
            Kind
            <select name="kind" defaultValue="medication">
              <option value="medication">Medication</option>
              <option value="check_in">Check-in</option>
              <option value="appointment">Appointment</option>
            </select>
          </label>
          <label>
            By
            <select name="channel">
              <option value="sms">text</option>
              <option value="voice">call</option>
            </select>
          </label>
          <label>
            Flow
            <select name="flowId" defaultValue="medication">
              {flows.data?.flows.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label>
            At their local times{" "}
            <input name="times" required defaultValue="09:00" placeholder="09:00, 21:00" />
          </label>
          <label>
            From{" "}
            <input name="startsOn" type="date" required defaultValue={new Date().toLocaleDateString("sv")} />
          </label>
          <label>
            Repeats
            <select value={rule} onChange={(event) => setRule(event.target.value)}>
              {rules.map(([value, name]) => (
                <option key={name} value={value}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          {rule === "own" && (
            <label>
              Rule (RFC 5545) <input name="own" required placeholder="FREQ=MONTHLY;BYDAY=1MO" />
            </label>
          )}
        </div>
        <button type="submit">Add</button>
      </form>
    </details>
  );
}
