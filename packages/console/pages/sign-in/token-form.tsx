import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { tabToken } from "../../api/session.ts";
import { useAct } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Field, Input } from "../../kit/field.tsx";

/** For this tab alone: it is forgotten when the tab is closed. */
export function TokenForm({ onSignedIn }: { onSignedIn: () => void }) {
  const [token, setToken] = useState("");
  const act = useAct(async () => {
    tabToken.write(token.trim());
    try {
      await call("listApps", {});
    } catch (error) {
      tabToken.forget();
      throw error;
    }
  }, onSignedIn);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate(undefined);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Field
        label="Token"
        note="One that an administrator made, or the content of keys/api-token in the data directory. Kept for this tab."
      >
        <Input
          type="password"
          required
          autoComplete="off"
          value={token}
          onChange={({ target }) => setToken(target.value)}
        />
      </Field>
      {act.error && <Fault fault={act.error} />}
      <Button type="submit" look="primary" busy={act.isPending}>
        Sign in
      </Button>
    </form>
  );
}
