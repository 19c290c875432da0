import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Field, Input } from "../../kit/field.tsx";

export function Password() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const act = useAct(
    () => call("changePassword", { current, next }),
    () => {
      setCurrent("");
      setNext("");
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate(undefined);
  };
  return (
    <Card title="Password">
      <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
        <Field label="Now">
          <Input
            type="password"
            required
            autoComplete="current-password"
            value={current}
            onChange={({ target }) => setCurrent(target.value)}
          />
        </Field>
        <Field label="New">
          <Input
            type="password"
            required
            autoComplete="new-password"
            value={next}
            onChange={({ target }) => setNext(target.value)}
          />
        </Field>
        <Button type="submit" busy={act.isPending}>
          Change
        </Button>
      </form>
      {act.isSuccess && (
        <p role="status" className="mt-3 text-sm text-good">
          Changed. All other sessions are ended.
        </p>
      )}
      {act.error && (
        <div className="mt-3">
          <Fault fault={act.error} />
        </div>
      )}
    </Card>
  );
}
