import type { RoleGrant } from "@evenkeel/control/api/contract/index";
import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Copyable } from "../../kit/copy.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Field, Input } from "../../kit/field.tsx";
import { Ago } from "../../kit/time.tsx";
import { RoleFields } from "./role-fields.tsx";

export function Invite({ onClose }: { onClose: () => void }) {
  const [email, setEmail] = useState("");
  const [grants, setGrants] = useState<RoleGrant[]>([{ role: "viewer" }]);
  const act = useAct(() => call("invite", { email, roles: grants }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate(undefined);
  };
  return (
    <Dialog open onClose={onClose} title="Invite somebody" wide>
      {act.data ? (
        <div className="flex flex-col gap-4 text-sm">
          <p>
            Send this link to {act.data.email}. It works once, ends <Ago ms={act.data.expiresAtMs} />, and is
            not shown again.
          </p>
          <Copyable text={act.data.link} />
          <Button look="primary" className="self-end" onClick={onClose}>
            Done
          </Button>
        </div>
      ) : (
        <form onSubmit={submit} className="flex flex-col gap-4">
          <Field label="E-mail">
            <Input
              type="email"
              required
              autoComplete="off"
              value={email}
              onChange={({ target }) => setEmail(target.value)}
            />
          </Field>
          <RoleFields grants={grants} onChange={setGrants} />
          {act.error && <Fault fault={act.error} />}
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" look="primary" busy={act.isPending} disabled={grants.length === 0}>
              Make the link
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
