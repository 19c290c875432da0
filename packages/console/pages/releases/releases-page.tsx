import type { Release } from "@evenkeel/control/api/contract/index";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/call.ts";
import { useAppEnvironment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Confirm } from "../../kit/dialog.tsx";
import { Page } from "../../kit/page.tsx";
import { Rows } from "../../kit/rows.tsx";
import { Badge } from "../../kit/status.tsx";
import { Ago } from "../../kit/time.tsx";
import { EnvironmentChoice } from "../../shell/environment-choice.tsx";
import { AutoDeploy } from "./auto-deploy.tsx";
import { Canary } from "./canary.tsx";

const kinds = { deploy: "Deployed", promote: "Promoted", rollback: "Rolled back" } as const;

/** The ledger: what was live when, and back to it. */
export function ReleasesPage() {
  const { app, environment } = useAppEnvironment();
  const releases = useApi("listReleases", { app, environment, limit: 500 });
  const viewer = useViewer();
  const [target, setTarget] = useState<Release>();
  const act = useAct(
    (reason: string | undefined) => call("rollback", { app, environment, version: target!.version, reason }),
    () => setTarget(undefined),
  );
  const current = releases.data?.releases.find((each) => each.current);
  const previous = releases.data?.releases.find(
    (each) =>
      !each.current && each.deployment !== current?.deployment && each.version < (current?.version ?? 0),
  );
  const open = (release: Release) => {
    act.reset();
    setTarget(release);
  };
  return (
    <Page
      title="Releases"
      about="Every change of what visitors get. Going back takes milliseconds, and brings code and variables back together."
      actions={
        <>
          <EnvironmentChoice />
          {environment !== "preview" && (
            <Button
              look="primary"
              icon="undo"
              refused={
                viewer.refusal("release", app) ?? (previous ? undefined : "There is nothing to go back to")
              }
              onClick={() => previous && open(previous)}
            >
              Roll back
            </Button>
          )}
        </>
      }
    >
      {environment !== "preview" && <Canary app={app} environment={environment} />}
      <AutoDeploy app={app} environment={environment} />
      <Answer query={releases} rows={6}>
        {({ releases: all }) => (
          <section className="overflow-hidden rounded-lg border border-line bg-panel">
            {all.length === 0 ? (
              <Empty icon="release" title="Nothing is released here yet">
                <p>A deployment to {environment} is its first release.</p>
              </Empty>
            ) : (
              <Rows
                label="Releases"
                items={all}
                keyOf={({ version, host }) => `${host} ${version}`}
                heightPx={61}
              >
                {(release) => (
                  <Row
                    release={release}
                    refused={viewer.refusal("release", app)}
                    onBack={() => open(release)}
                  />
                )}
              </Rows>
            )}
          </section>
        )}
      </Answer>
      {target && (
        <Confirm
          open
          onClose={() => setTarget(undefined)}
          title={`Back to v${target.version}`}
          action={`Bring v${target.version} back`}
          asksReason
          busy={act.isPending}
          fault={act.error}
          onConfirm={(reason) => act.mutate(reason)}
        >
          Visitors of {environment} get {target.deployment} again, with the variables that it had. What
          answers now is not lost: it is one release further down.
        </Confirm>
      )}
    </Page>
  );
}

function Row({
  release,
  refused,
  onBack,
}: {
  release: Release;
  refused: string | undefined;
  onBack: () => void;
}) {
  const { app, version, deployment, kind, createdAtMs, createdBy, reason, current, host } = release;
  return (
    <div className="grid grid-cols-[3.5rem_minmax(0,1fr)_auto] items-center gap-x-4 px-4 py-2.5 hover:bg-raised/50">
      <span className="tabular font-semibold">v{version}</span>
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 text-sm">
          {kinds[kind]}
          <Link
            to="/apps/$app/deployments/$deployment"
            params={{ app, deployment }}
            search={{}}
            className="font-mono text-xs underline decoration-line-strong underline-offset-2"
          >
            {deployment}
          </Link>
          {current && <Badge tone="good">Live</Badge>}
          {release.environment === "preview" && <span className="truncate text-xs text-quiet">{host}</span>}
        </p>
        <p className="truncate text-xs text-quiet">
          <Ago ms={createdAtMs} /> by {createdBy}
          {reason !== undefined && ` · ${reason}`}
        </p>
      </div>
      {!current && release.environment !== "preview" && (
        <Button
          size="sm"
          look="ghost"
          icon="undo"
          refused={refused}
          onClick={onBack}
          aria-label={`Bring back v${version}`}
        >
          <span className="hidden sm:inline">Bring back</span>
        </Button>
      )}
    </div>
  );
}
