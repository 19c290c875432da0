import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { call } from "../../api/call.ts";
import { tabToken } from "../../api/session.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { Answer, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Field, Input } from "../../kit/field.tsx";
import { Front } from "../sign-in/front.tsx";

/** Behind a link: makes an account, or sets a new password. The secret stands behind `#`, and is taken out of the address at once. */
export function JoinPage() {
  const [secret] = useState(() => location.hash.slice(1));
  useEffect(() => history.replaceState(history.state, "", location.pathname), []);
  const link = useApi("lookAtLink", { secret }, { enabled: secret !== "" });
  return (
    <Front title="Welcome to Evenkeel" about={location.host}>
      {secret === "" ? (
        <p className="text-sm text-quiet">
          This link is not whole. Open it as it was sent to you, or ask for another one.
        </p>
      ) : (
        <Answer query={link}>
          {({ email, name }) => <JoinForm secret={secret} email={email} name={name} />}
        </Answer>
      )}
    </Front>
  );
}

interface JoinFormProps {
  secret: string;
  email: string | undefined;
  name: string | undefined;
}

function JoinForm({ secret, email: given, name: known }: JoinFormProps) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState(known ?? "");
  const [email, setEmail] = useState(given ?? "");
  const [password, setPassword] = useState("");
  const act = useAct(
    () => call("join", { secret, name, email, password }),
    () => {
      tabToken.forget();
      queries.clear();
      void navigate({ to: "/", replace: true });
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate(undefined);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Field label="Name">
        <Input
          required
          maxLength={100}
          autoComplete="name"
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
      </Field>
      <Field label="E-mail">
        <Input
          type="email"
          required
          autoComplete="username"
          readOnly={given !== undefined}
          value={email}
          onChange={({ target }) => setEmail(target.value)}
        />
      </Field>
      <Field
        label={known === undefined ? "Password" : "New password"}
        note="Long is better than odd: three or four words will do."
      >
        <Input
          type="password"
          required
          autoComplete="new-password"
          value={password}
          onChange={({ target }) => setPassword(target.value)}
        />
      </Field>
      {act.error && <Fault fault={act.error} />}
      <Button type="submit" look="primary" busy={act.isPending}>
        {known === undefined ? "Make the account" : "Set the password"}
      </Button>
    </form>
  );
}
