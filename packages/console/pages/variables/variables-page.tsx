import type { Variable } from "@evenkeel/control/api/contract/index";
import { useMemo, useState } from "react";
import { useAppEnvironment } from "../../api/environment.ts";
import { useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Copyable } from "../../kit/copy.tsx";
import { Input } from "../../kit/field.tsx";
import { Page } from "../../kit/page.tsx";
import { Rows } from "../../kit/rows.tsx";
import { EnvironmentChoice } from "../../shell/environment-choice.tsx";
import { Changes } from "./changes.tsx";
import { VariableDialog } from "./variable-dialog.tsx";
import { VariableRow } from "./variable-row.tsx";

/** What the app is told. Values are shown one by one, and it stands on record who looked. */
export function VariablesPage() {
  const { app, environment } = useAppEnvironment();
  const variables = useApi("listVariables", { app, environment });
  const viewer = useViewer();
  const [text, setText] = useState("");
  const [edited, setEdited] = useState<Variable | "new">();
  const shown = useMemo(
    () =>
      variables.data?.variables.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())) ?? [],
    [variables.data, text],
  );
  return (
    <Page
      title="Variables"
      about="Sealed on disk. A change to production or staging is released anew with it, and undone if that does not start."
      actions={
        <>
          <EnvironmentChoice />
          <Button
            look="primary"
            icon="plus"
            refused={viewer.refusal("configure", app)}
            onClick={() => setEdited("new")}
          >
            Set a variable
          </Button>
        </>
      }
    >
      <Answer query={variables} rows={6}>
        {({ variables: all }) => (
          <section className="overflow-hidden rounded-lg border border-line bg-panel">
            {all.length === 0 ? (
              <Empty icon="key" title={`${environment} has no variables`}>
                <p>Set them here, or from an env file:</p>
                <p className="mt-4">
                  <Copyable text={`evenkeel env import .env ${app} --env ${environment}`} />
                </p>
              </Empty>
            ) : (
              <>
                {all.length > 10 && (
                  <div className="border-b border-line p-2">
                    <Input
                      type="search"
                      aria-label="Find a variable"
                      placeholder="Find a variable"
                      value={text}
                      onChange={({ target }) => setText(target.value)}
                    />
                  </div>
                )}
                <Rows label="Variables" items={shown} keyOf={({ name }) => name} heightPx={57}>
                  {(variable) => (
                    <VariableRow app={app} variable={variable} onEdit={() => setEdited(variable)} />
                  )}
                </Rows>
              </>
            )}
          </section>
        )}
      </Answer>
      <Changes app={app} environment={environment} />
      {edited !== undefined && (
        <VariableDialog
          app={app}
          environment={environment}
          variable={edited === "new" ? undefined : edited}
          onClose={() => setEdited(undefined)}
        />
      )}
    </Page>
  );
}
