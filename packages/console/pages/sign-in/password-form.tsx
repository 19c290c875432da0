import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { answerByPasskey, hasPasskeys } from "../../api/passkey.ts";
import { tabToken } from "../../api/session.ts";
import { useAct } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Field, Input } from "../../kit/field.tsx";
import { CodeForm } from "./code-form.tsx";

export function PasswordForm({ onSignedIn }: { onSignedIn: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [needsCode, setNeedsCode] = useState(false);
  const done = ({ outcome }: { outcome: "signed_in" | "code_needed" }) => {
    if (outcome === "code_needed") return setNeedsCode(true);
    tabToken.forget();
    onSignedIn();
  };
  const byPassword = useAct(() => call("signIn", { email, password }), done);
  const byPasskey = useAct(
    async () => call("signInByPasskey", await answerByPasskey(await call("askPasskey", {}))),
    done,
  );
  if (needsCode) return <CodeForm onSignedIn={onSignedIn} />;
  const fault = byPassword.error ?? byPasskey.error;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    byPassword.mutate(undefined);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Field label="E-mail">
        <Input
          type="email"
          required
          autoComplete="username webauthn"
          value={email}
          onChange={({ target }) => setEmail(target.value)}
        />
      </Field>
      <Field label="Password">
        <Input
          type="password"
          required
          autoComplete="current-password"
          value={password}
          onChange={({ target }) => setPassword(target.value)}
        />
      </Field>
      {fault && <Fault fault={fault} />}
      <Button type="submit" look="primary" busy={byPassword.isPending}>
        Sign in
      </Button>
      {hasPasskeys() && (
        <Button icon="key" busy={byPasskey.isPending} onClick={() => byPasskey.mutate(undefined)}>
          Use a passkey
        </Button>
      )}
    </form>
  );
}
