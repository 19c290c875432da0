import { type FormEvent, useState } from "react";
import { callToEnd } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { Field, Input } from "../../kit/field.tsx";
import { When } from "../../kit/time.tsx";

interface RestoreDialogProps {
  app: string;
  environment: "production" | "staging";
  deed: "restore" | "branch";
  /** Absent: the newest moment. */
  toMs: number | undefined;
  onClose: () => void;
}

/** Brings a moment back in place, or as a copy beside. */
export function RestoreDialog({ app, environment, deed, toMs, onClose }: RestoreDialogProps) {
  const isRestore = deed === "restore";
  const [typed, setTyped] = useState("");
  const [branch, setBranch] = useState("look");
  const [progress, setProgress] = useState<string>();
  const to = toMs === undefined ? "latest" : new Date(toMs).toISOString();
  const act = useAct(async () => {
    const onEvent = (event: { type: string; progress?: { step: string } }) =>
      event.progress && setProgress(event.progress.step);
    if (isRestore) await callToEnd("restoreDatabase", { app, environment, to }, onEvent);
    else await callToEnd("createBranch", { app, environment, branch, to }, onEvent);
  });
  const isReady = isRestore ? typed === app : /^[a-z0-9][a-z0-9-]*$/.test(branch);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) act.mutate(undefined);
  };
  return (
    <Dialog open onClose={onClose} title={isRestore ? "Restore the database" : "Look at a copy"}>
      {act.isSuccess ? (
        <div className="flex flex-col gap-4 text-sm">
          <p role="status">
            {isRestore
              ? "The database is what it was then. What it was before stands beside it until somebody removes it."
              : "The copy is there; it is among the branches below, with its address."}
          </p>
          <Button look="primary" onClick={onClose}>
            Close
          </Button>
        </div>
      ) : (
        <form onSubmit={submit} className="flex flex-col gap-4 text-sm">
          <p className="text-quiet">
            To{" "}
            <strong className="text-ink">
              {toMs === undefined ? "the newest moment" : <When ms={toMs} />}
            </strong>
            .{" "}
            {isRestore
              ? "What was written since then is gone from the database; it is kept beside it, and can be brought back. Connections break for a moment."
              : "Production is not touched. The copy holds real data, unscrubbed: it is for people to look at."}
          </p>
          {isRestore ? (
            <Field label={`Type ${app} to confirm`}>
              <Input value={typed} autoComplete="off" onChange={({ target }) => setTyped(target.value)} />
            </Field>
          ) : (
            <Field label="Name of the copy" note="Small letters, digits and hyphens">
              <Input value={branch} onChange={({ target }) => setBranch(target.value)} />
            </Field>
          )}
          {act.isPending && (
            <p role="status" className="breathe text-quiet">
              {progress ?? "Beginning"} …
            </p>
          )}
          {act.error && <Fault fault={act.error} />}
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>Cancel</Button>
            <Button
              type="submit"
              look={isRestore ? "danger" : "primary"}
              busy={act.isPending}
              disabled={!isReady}
            >
              {isRestore ? "Restore" : "Make the copy"}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
