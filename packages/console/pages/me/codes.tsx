import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Copyable } from "../../kit/copy.tsx";
import { Field, Input } from "../../kit/field.tsx";
import { Badge } from "../../kit/status.tsx";

/** Codes of an authenticator app, beside the password. */
export function Codes({ hasCodes }: { hasCodes: boolean }) {
  const queries = useQueryClient();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const again = () => {
    setPassword("");
    setCode("");
    void queries.invalidateQueries({ queryKey: ["getMe"] });
  };
  const begin = useAct(() => call("beginCodes", { password }));
  const confirm = useAct(() => call("confirmCodes", { code }), again);
  const remove = useAct(() => call("removeCodes", { password }), again);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (hasCodes) remove.mutate(undefined);
    else begin.mutate(undefined);
  };
  const fault = begin.error ?? confirm.error ?? remove.error;
  return (
    <Card
      title="Authenticator app"
      note={hasCodes ? <Badge tone="good">on</Badge> : "codes beside the password"}
    >
      {begin.data && !hasCodes ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            confirm.mutate(undefined);
          }}
          className="flex flex-col gap-4"
        >
          <Field label="Take this over into the app">
            <Copyable text={begin.data.uri} />
          </Field>
          <div>
            <p className="text-sm font-medium">
              Recovery codes: keep them elsewhere; each works once, and they are not shown again
            </p>
            <ul className="mt-2 grid grid-cols-2 gap-1 font-mono text-xs sm:grid-cols-5">
              {begin.data.recoveryCodes.map((each) => (
                <li key={each}>{each}</li>
              ))}
            </ul>
          </div>
          <div className="flex items-end gap-3">
            <Field label="The code that it shows">
              <Input
                required
                inputMode="numeric"
                autoComplete="one-time-code"
                wide="w-32"
                className="font-mono"
                value={code}
                onChange={({ target }) => setCode(target.value)}
              />
            </Field>
            <Button type="submit" look="primary" busy={confirm.isPending}>
              Turn on
            </Button>
          </div>
        </form>
      ) : (
        <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
          <Field label="Password">
            <Input
              type="password"
              required
              autoComplete="current-password"
              value={password}
              onChange={({ target }) => setPassword(target.value)}
            />
          </Field>
          <Button
            type="submit"
            look={hasCodes ? "danger" : "plain"}
            busy={begin.isPending || remove.isPending}
          >
            {hasCodes ? "Turn off" : "Set up"}
          </Button>
        </form>
      )}
      {fault && (
        <div className="mt-3">
          <Fault fault={fault} />
        </div>
      )}
    </Card>
  );
}
