import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Field, Input } from "../../kit/field.tsx";

/** After a right password, where codes are asked for. */
export function CodeForm({ onSignedIn }: { onSignedIn: () => void }) {
  const [isRecovery, setRecovery] = useState(false);
  const [code, setCode] = useState("");
  const act = useAct(
    () =>
      call("signInByCode", isRecovery ? { recoveryCode: code.trim() } : { code: code.replace(/\s/g, "") }),
    onSignedIn,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate(undefined);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Field label={isRecovery ? "Recovery code" : "Code of your authenticator app"}>
        <Input
          required
          autoFocus
          autoComplete="one-time-code"
          {...(isRecovery ? {} : { inputMode: "numeric" as const })}
          className="font-mono"
          value={code}
          onChange={({ target }) => setCode(target.value)}
        />
      </Field>
      {act.error && <Fault fault={act.error} />}
      <Button type="submit" look="primary" busy={act.isPending}>
        Sign in
      </Button>
      <Button
        look="ghost"
        onClick={() => {
          setRecovery(!isRecovery);
          setCode("");
        }}
      >
        {isRecovery ? "Use the authenticator app" : "Use a recovery code"}
      </Button>
    </form>
  );
}
