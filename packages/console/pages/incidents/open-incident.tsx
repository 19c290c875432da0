import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Field, Input, Select, TextArea } from "../../kit/field.tsx";

export function OpenIncident({ onClose }: { onClose: () => void }) {
  const apps = useApi("listApps", {}).data?.apps ?? [];
  const navigate = useNavigate();
  const [app, setApp] = useState("");
  const [severity, setSeverity] = useState("P1");
  const [title, setTitle] = useState("");
  const [message, setMessage] = useState("");
  const [isPublic, setPublic] = useState(false);
  const chosen = app || apps[0]?.name || "";
  const act = useAct(
    () => call("openIncident", { app: chosen, severity, title, message: message || undefined, isPublic }),
    ({ id }) => {
      onClose();
      void navigate({ to: "/incidents/$incident", params: { incident: String(id) } });
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate(undefined);
  };
  return (
    <Dialog open onClose={onClose} title="Open an incident">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <div className="flex flex-wrap gap-3">
          <Field label="App">
            <Select value={chosen} onChange={({ target }) => setApp(target.value)}>
              {apps.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          </Field>
          <Field label="Severity">
            <Input
              wide="w-24"
              required
              value={severity}
              onChange={({ target }) => setSeverity(target.value)}
            />
          </Field>
        </div>
        <Field label="What is wrong">
          <Input required maxLength={200} value={title} onChange={({ target }) => setTitle(target.value)} />
        </Field>
        <Field label="What is known">
          <TextArea value={message} onChange={({ target }) => setMessage(target.value)} />
        </Field>
        <label className="flex items-center gap-2 text-sm">
          <input type="checkbox" checked={isPublic} onChange={({ target }) => setPublic(target.checked)} />
          On the status page
        </label>
        {act.error && <Fault fault={act.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={act.isPending}>
            Open it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
