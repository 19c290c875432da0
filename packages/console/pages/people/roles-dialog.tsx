import type { Person } from "@evenkeel/control/api/contract/index";
import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { RoleFields } from "./role-fields.tsx";

export function RolesDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const [grants, setGrants] = useState(person.roles);
  const act = useAct(() => call("setRoles", { person: person.id, roles: grants }), onClose);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate(undefined);
  };
  return (
    <Dialog open onClose={onClose} title={`Roles of ${person.name}`} wide>
      <form onSubmit={submit} className="flex flex-col gap-4">
        <RoleFields grants={grants} onChange={setGrants} />
        {act.error && <Fault fault={act.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={act.isPending}>
            Set
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
