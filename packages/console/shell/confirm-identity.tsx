import { type FormEvent, useState, useSyncExternalStore } from "react";
import { call } from "../api/call.ts";
import { confirmation } from "../api/confirmation.ts";
import { answerByPasskey } from "../api/passkey.ts";
import { useAct } from "../api/use-api.ts";
import { useViewer } from "../api/viewer.ts";
import { Fault } from "../kit/answer.tsx";
import { Button } from "../kit/button.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Field, Input } from "../kit/field.tsx";

/** Over whatever asked for it; what was typed below stays. */
export function ConfirmIdentity() {
  const asked = useSyncExternalStore(confirmation.subscribe, confirmation.now);
  return asked ? <Question onSettle={asked.settle} /> : null;
}

function Question({ onSettle }: { onSettle: (isConfirmed: boolean) => void }) {
  const { me } = useViewer();
  const [password, setPassword] = useState("");
  const byPassword = useAct(
    () => call("confirmMe", { password }),
    () => onSettle(true),
  );
  const byPasskey = useAct(
    async () => call("confirmMe", await answerByPasskey(await call("askPasskeyAgain", {}))),
    () => onSettle(true),
  );
  const fault = byPassword.error ?? byPasskey.error;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    byPassword.mutate(undefined);
  };
  return (
    <Dialog open onClose={() => onSettle(false)} title="Confirm that it is you">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-sm text-quiet">
          This shows secrets, or cannot be taken back. You are not asked again for some minutes.
        </p>
        <Field label="Password">
          <Input
            type="password"
            autoComplete="current-password"
            autoFocus
            value={password}
            onChange={({ target }) => setPassword(target.value)}
          />
        </Field>
        {fault && <Fault fault={fault} />}
        <div className="flex flex-wrap justify-end gap-2">
          {(me?.person.passkeys ?? 0) > 0 && (
            <Button
              icon="key"
              className="mr-auto"
              busy={byPasskey.isPending}
              onClick={() => byPasskey.mutate(undefined)}
            >
              Use a passkey
            </Button>
          )}
          <Button onClick={() => onSettle(false)}>Cancel</Button>
          <Button type="submit" look="primary" busy={byPassword.isPending} disabled={password === ""}>
            Confirm
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
