import type { Variable } from "@evenkeel/control/api/contract/index";
import { useEffect, useState } from "react";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button, IconButton } from "../../kit/button.tsx";
import { Copyable } from "../../kit/copy.tsx";
import { Confirm } from "../../kit/dialog.tsx";
import { Badge } from "../../kit/status.tsx";
import { Ago } from "../../kit/time.tsx";

/** A value that was shown is hidden again by itself. */
const shownForMs = 30_000;

export function VariableRow({
  app,
  variable,
  onEdit,
}: {
  app: string;
  variable: Variable;
  onEdit: () => void;
}) {
  const { name, environment, version, plain, live, updatedAtMs, updatedBy } = variable;
  const viewer = useViewer();
  const [value, setValue] = useState<string>();
  const [isRemoving, setRemoving] = useState(false);
  const reveal = useAct(
    () => call("revealVariables", { app, environment, names: [name] }),
    ({ variables }) => setValue(variables[name] ?? ""),
  );
  const remove = useAct(
    () => call("removeVariable", { app, environment, name }),
    () => setRemoving(false),
  );
  useEffect(() => {
    if (value === undefined) return;
    const timer = setTimeout(() => setValue(undefined), shownForMs);
    return () => clearTimeout(timer);
  }, [value]);
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-2 px-4 py-2.5 hover:bg-raised/50">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2">
          <span className="min-w-0 truncate font-mono text-sm font-medium">{name}</span>
          {plain && <Badge tone="quiet">not secret</Badge>}
          {live === false && (
            <Badge tone="warn" icon="clock">
              not live
            </Badge>
          )}
        </p>
        <p className="truncate text-xs text-quiet">
          version {version}, <Ago ms={updatedAtMs} /> by {updatedBy}
        </p>
      </div>
      <div className="flex items-center gap-1">
        <IconButton
          label={value === undefined ? `Show ${name}` : `Hide ${name}`}
          icon="eye"
          busy={reveal.isPending}
          refused={viewer.refusal("reveal", app)}
          onClick={() => (value === undefined ? reveal.mutate(undefined) : setValue(undefined))}
        />
        <Button
          size="sm"
          refused={viewer.refusal("configure", app)}
          onClick={onEdit}
          aria-label={`Change ${name}`}
        >
          Change
        </Button>
        <IconButton
          label={`Remove ${name}`}
          icon="trash"
          refused={viewer.refusal("configure", app)}
          onClick={() => setRemoving(true)}
        />
      </div>
      {value !== undefined && (
        <div className="col-span-2 min-w-0">
          <Copyable text={value} label={value === "" ? "(empty)" : value} />
        </div>
      )}
      {reveal.error && (
        <div className="col-span-2">
          <Fault fault={reveal.error} />
        </div>
      )}
      {isRemoving && (
        <Confirm
          open
          danger
          onClose={() => setRemoving(false)}
          title={`Remove ${name}`}
          action="Remove it"
          busy={remove.isPending}
          fault={remove.error}
          onConfirm={() => remove.mutate(undefined)}
        >
          {environment === "production" || environment === "staging"
            ? "What is live is released anew without it. An earlier release brings it back."
            : "Deployments that are made from now on are not told it."}
        </Confirm>
      )}
    </div>
  );
}
