import type { GrantablePermission } from "@evenkeel/control/api/contract/index";
import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Copyable } from "../../kit/copy.tsx";
import { Confirm, Dialog } from "../../kit/dialog.tsx";
import { Field, Input, Select } from "../../kit/field.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";

export function Tokens() {
  const tokens = useApi("listTokens", {});
  const viewer = useViewer();
  const refused = viewer.refusal("admin");
  const [isMaking, setMaking] = useState(false);
  const [target, setTarget] = useState<{ id: string; name: string }>();
  const revoke = useAct(
    () => call("revokeToken", { token: target!.id }),
    () => setTarget(undefined),
  );
  return (
    <Card
      title="Tokens"
      note="for programs and for the command line"
      flush
      actions={
        <Button size="sm" icon="plus" refused={refused} onClick={() => setMaking(true)}>
          Make a token
        </Button>
      }
    >
      <Answer query={tokens}>
        {({ tokens: all }) =>
          all.length === 0 ? (
            <p className="p-4 text-sm text-quiet">There is none but the machine's own.</p>
          ) : (
            <Table
              label="Tokens"
              items={all}
              keyOf={({ id }) => id}
              columns={[
                { title: "Name", cell: ({ name }) => name },
                { title: "May", cell: ({ permissions }) => permissions.join(", ") },
                { title: "Apps", cell: ({ apps }) => apps?.join(", ") ?? "all", minor: true },
                { title: "Used", cell: ({ lastUsedAtMs }) => <Ago ms={lastUsedAtMs} />, minor: true },
                { title: "Ends", cell: ({ expiresAtMs }) => <Ago ms={expiresAtMs} /> },
                {
                  title: "Actions",
                  right: true,
                  cell: ({ id, name }) => (
                    <Button size="sm" look="ghost" refused={refused} onClick={() => setTarget({ id, name })}>
                      Revoke
                    </Button>
                  ),
                },
              ]}
            />
          )
        }
      </Answer>
      {isMaking && <MakeToken onClose={() => setMaking(false)} />}
      {target && (
        <Confirm
          open
          danger
          onClose={() => setTarget(undefined)}
          title={`Revoke ${target.name}`}
          action="Revoke it"
          busy={revoke.isPending}
          fault={revoke.error}
          onConfirm={() => revoke.mutate(undefined)}
        >
          Whatever uses it is refused from now on.
        </Confirm>
      )}
    </Card>
  );
}

const permissions = ["read", "deploy", "release", "configure", "reveal", "admin"] as const;
const dayMs = 86_400_000;

function MakeToken({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<GrantablePermission[]>(["read"]);
  const [days, setDays] = useState("90");
  const act = useAct(() =>
    call("createToken", {
      ...{ name, permissions: chosen },
      ...(days === "" ? {} : { expiresAtMs: Date.now() + Number(days) * dayMs }),
    }),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate(undefined);
  };
  return (
    <Dialog open onClose={onClose} title="Make a token">
      {act.data ? (
        <div className="flex flex-col gap-4 text-sm">
          <p>It is shown this once and never again.</p>
          <Copyable text={act.data.secret} />
          <Button look="primary" className="self-end" onClick={onClose}>
            Done
          </Button>
        </div>
      ) : (
        <form onSubmit={submit} className="flex flex-col gap-4">
          <Field label="Name" note="What it is for">
            <Input required maxLength={100} value={name} onChange={({ target }) => setName(target.value)} />
          </Field>
          <fieldset className="flex flex-col gap-1.5">
            <legend className="mb-1 text-sm font-medium">It may</legend>
            {permissions.map((permission) => (
              <label key={permission} className="flex items-center gap-2 text-sm">
                <input
                  type="checkbox"
                  checked={chosen.includes(permission)}
                  onChange={({ target }) =>
                    setChosen(
                      target.checked ? [...chosen, permission] : chosen.filter((each) => each !== permission),
                    )
                  }
                />
                {permission}
              </label>
            ))}
          </fieldset>
          <Field label="Ends after">
            <Select value={days} onChange={({ target }) => setDays(target.value)}>
              <option value="7">7 days</option>
              <option value="30">30 days</option>
              <option value="90">90 days</option>
              <option value="365">a year</option>
              <option value="">never</option>
            </Select>
          </Field>
          {act.error && <Fault fault={act.error} />}
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" look="primary" busy={act.isPending} disabled={chosen.length === 0}>
              Make it
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
