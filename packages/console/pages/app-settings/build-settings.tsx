import type { AppSettings } from "@evenkeel/control/api/contract/index";
import { type FormEvent, useState } from "react";
import { call } from "../../api/call.ts";
import { useAct } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Field, Input } from "../../kit/field.tsx";

const texts = [
  ["framework", "Framework", "found by itself"],
  ["rootDirectory", "Folder", "the repository's"],
  ["buildCommand", "Build", "found by itself"],
  ["installCommand", "Install", "found by itself"],
  ["outputDirectory", "Output", "found by itself"],
  ["productionBranch", "Branch of production", "main"],
  ["migrationFolder", "Folder of migrations", "found by itself"],
  ["migrationCommand", "Migrate", "found by itself"],
] as const;
type Name = (typeof texts)[number][0];

/** Each wins over what is found by itself; empty takes it back. */
export function BuildSettings({ app, settings }: { app: string; settings: AppSettings }) {
  const viewer = useViewer();
  const before = Object.fromEntries(texts.map(([name]) => [name, settings[name] ?? ""])) as Record<
    Name,
    string
  >;
  const [values, setValues] = useState(before);
  const changed = texts.map(([name]) => name).filter((name) => values[name] !== before[name]);
  const act = useAct(() =>
    call("updateApp", {
      app,
      ...Object.fromEntries(
        changed.map((name) => [
          name,
          values[name] === "" ? (name === "productionBranch" ? "main" : null) : values[name],
        ]),
      ),
    }),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    act.mutate(undefined);
  };
  return (
    <Card title="Build and deploy" note="in force with the next deployment">
      <form onSubmit={submit} className="flex flex-col gap-4">
        <div className="grid gap-4 sm:grid-cols-2">
          {texts.map(([name, label, usual]) => (
            <Field key={name} label={label}>
              <Input
                className="font-mono"
                placeholder={usual}
                value={values[name]}
                onChange={({ target }) => setValues({ ...values, [name]: target.value })}
              />
            </Field>
          ))}
        </div>
        {act.error && <Fault fault={act.error} />}
        <Button
          type="submit"
          look="primary"
          className="self-end"
          busy={act.isPending}
          refused={
            viewer.refusal("configure", app) ?? (changed.length === 0 ? "Nothing is changed" : undefined)
          }
        >
          Save
        </Button>
      </form>
    </Card>
  );
}
