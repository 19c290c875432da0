import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/call.ts";
import { useAppEnvironment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card, Facts } from "../../kit/card.tsx";
import { Copyable } from "../../kit/copy.tsx";
import { Confirm } from "../../kit/dialog.tsx";
import { Page } from "../../kit/page.tsx";
import { When } from "../../kit/time.tsx";
import { BuildSettings } from "./build-settings.tsx";
import { LogSettings } from "./log-settings.tsx";

export function AppSettingsPage() {
  const { app } = useAppEnvironment();
  const about = useApi("getApp", { app });
  const viewer = useViewer();
  const navigate = useNavigate();
  const [isRemoving, setRemoving] = useState(false);
  const remove = useAct(
    () => call("removeApp", { app }),
    () => void navigate({ to: "/" }),
  );
  return (
    <Page title="Settings" about={`Of ${app}.`}>
      <Answer query={about} rows={6}>
        {(known) => (
          <>
            <Card title="Git">
              <Facts
                rows={[
                  ["Repository", <Copyable key="r" text={known.gitUrl} />],
                  [
                    "Push",
                    <Copyable key="p" text={`git push ${known.gitUrl.replace("://", "://token@")} main`} />,
                  ],
                  ["Made", <When key="w" ms={known.createdAtMs} />],
                ]}
              />
            </Card>
            <BuildSettings key={JSON.stringify(known.settings)} app={app} settings={known.settings} />
          </>
        )}
      </Answer>
      <LogSettings app={app} />
      <Card title="Remove the app">
        <div className="flex flex-wrap items-center gap-4">
          <p className="min-w-0 flex-1 text-sm text-quiet">
            Its addresses answer no longer. Databases go after a last backup; archives and files stay for as
            long as they are kept.
          </p>
          <Button
            look="danger"
            icon="trash"
            refused={viewer.refusal("configure", app)}
            onClick={() => setRemoving(true)}
          >
            Remove {app}
          </Button>
        </div>
      </Card>
      {isRemoving && (
        <Confirm
          open
          danger
          word={app}
          onClose={() => setRemoving(false)}
          title={`Remove ${app}`}
          action="Remove it for good"
          busy={remove.isPending}
          fault={remove.error}
          onConfirm={() => remove.mutate(undefined)}
        >
          Every deployment, release and variable of {app} goes. This cannot be taken back.
        </Confirm>
      )}
    </Page>
  );
}
