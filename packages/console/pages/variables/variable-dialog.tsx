import type { Variable } from "@evenkeel/control/api/contract/index";
import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import type { Environment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Field, Input, TextArea } from "../../kit/field.tsx";
import { Conflict } from "./conflict.tsx";

interface VariableDialogProps {
  app: string;
  environment: Environment;
  /** Absent: a new one. */
  variable: Variable | undefined;
  onClose: () => void;
}

/** Sets a value. Where somebody else has set it meanwhile, both values stand side by side, and one of them is chosen. */
export function VariableDialog({ app, environment, variable, onClose }: VariableDialogProps) {
  const [name, setName] = useState(variable?.name ?? "");
  const [value, setValue] = useState("");
  const [isPlain, setPlain] = useState(variable?.plain ?? false);
  const [reason, setReason] = useState("");
  const [seen, setSeen] = useState(variable?.version ?? 0);
  const { data } = useApi("listVariables", { app, environment });
  const now = data?.variables.find((each) => each.name === name);
  const isMoved = variable !== undefined && (now?.version ?? 0) !== seen;
  const act = useAct(
    () =>
      call("setVariables", {
        ...{ app, environments: [environment], variables: { [name]: value }, plain: isPlain },
        // A new name may be one that somebody has set a moment ago.
        seen: { [name]: seen },
        reason: reason || undefined,
      }),
    onClose,
  );
  const hasMoved = isMoved || act.error?.code === "variable_moved";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name !== "" && !hasMoved) act.mutate(undefined);
  };
  return (
    <Dialog open onClose={onClose} title={variable ? `Change ${variable.name}` : "Set a variable"} wide>
      <form onSubmit={submit} className="flex flex-col gap-4">
        {!variable && (
          <Field label="Name">
            <Input
              required
              autoComplete="off"
              className="font-mono"
              placeholder="API_KEY"
              value={name}
              onChange={({ target }) => setName(target.value)}
            />
          </Field>
        )}
        <Field label="Value" {...(variable ? { note: "The value that it has now is not shown here." } : {})}>
          <TextArea
            rows={3}
            autoComplete="off"
            spellCheck={false}
            className="font-mono"
            value={value}
            onChange={({ target }) => setValue(target.value)}
          />
        </Field>
        <label className="flex items-center gap-2 text-sm">
          <input type="checkbox" checked={isPlain} onChange={({ target }) => setPlain(target.checked)} />
          No secret: logs may show it
        </label>
        <Field label="Reason" note="Stands in the history">
          <Input value={reason} maxLength={1_000} onChange={({ target }) => setReason(target.value)} />
        </Field>
        {hasMoved ? (
          <Conflict
            app={app}
            environment={environment}
            name={name}
            now={now}
            mine={value}
            onTheirs={onClose}
            onMine={() => {
              act.reset();
              setSeen(now?.version ?? 0);
            }}
          />
        ) : (
          act.error && <Fault fault={act.error} />
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            busy={act.isPending}
            refused={hasMoved ? "Somebody else has changed it" : undefined}
          >
            {environment === "production" || environment === "staging" ? "Set and release" : "Set"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
