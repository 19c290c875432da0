import type { Incident } from "@evenkeel/control/api/contract/index";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Choice } from "../../kit/field.tsx";
import { duration } from "../../kit/format.ts";
import { Page } from "../../kit/page.tsx";
import { Rows } from "../../kit/rows.tsx";
import { StateBadge } from "../../kit/state-badge.tsx";
import { incidentStates } from "../../kit/states.ts";
import { Badge } from "../../kit/status.tsx";
import { Ago } from "../../kit/time.tsx";
import { OpenIncident } from "./open-incident.tsx";

const choices = [
  ["unresolved", "Open"],
  ["resolved", "Resolved"],
  ["all", "All"],
] as const;

export function IncidentsPage() {
  const { state } = useSearch({ from: "/shell/incidents" });
  const shown = choices.find(([each]) => each === state)?.[0] ?? "unresolved";
  const incidents = useApi("listIncidents", { state: shown, limit: 500 }, { keep: true });
  const navigate = useNavigate();
  const viewer = useViewer();
  const [isOpening, setOpening] = useState(false);
  return (
    <Page
      title="Incidents"
      about="What is wrong, who sees to it, and what was said about it."
      actions={
        <>
          <Choice
            label="Which"
            value={shown}
            options={choices}
            onChange={(next) =>
              void navigate({
                to: "/incidents",
                search: next === "unresolved" ? {} : { state: next },
                replace: true,
              })
            }
          />
          <Button icon="plus" refused={viewer.refusalSomewhere("release")} onClick={() => setOpening(true)}>
            Open an incident
          </Button>
        </>
      }
    >
      <Answer query={incidents} rows={5}>
        {({ incidents: all }) => (
          <section className="overflow-hidden rounded-lg border border-line bg-panel">
            {all.length === 0 ? (
              <Empty icon="shield" title={shown === "unresolved" ? "Nothing is wrong" : "None yet"}>
                <p>
                  Breached clauses, failing health checks, databases and drills open incidents by themselves;
                  so can you.
                </p>
              </Empty>
            ) : (
              <Rows label="Incidents" items={all} keyOf={({ id }) => id} heightPx={61}>
                {(incident) => <IncidentRow incident={incident} />}
              </Rows>
            )}
          </section>
        )}
      </Answer>
      {isOpening && <OpenIncident onClose={() => setOpening(false)} />}
    </Page>
  );
}

function IncidentRow({ incident }: { incident: Incident }) {
  const {
    id,
    app,
    environment,
    severity,
    rank,
    title,
    state,
    phase,
    beganAtMs,
    resolvedAtMs,
    isDrill,
    components,
  } = incident;
  return (
    <div className="relative grid grid-cols-[3rem_minmax(0,1fr)_auto] items-center gap-x-4 px-4 py-2.5 hover:bg-raised/50">
      <Badge tone={rank === 0 ? "bad" : rank === 1 ? "warn" : "quiet"} icon={rank <= 1 ? "alert" : "minus"}>
        {severity}
      </Badge>
      <div className="min-w-0">
        <Link
          to="/incidents/$incident"
          params={{ incident: String(id) }}
          className="block truncate text-sm font-medium after:absolute after:inset-0"
        >
          {title}
        </Link>
        <p className="truncate text-xs text-quiet">
          {app === undefined ? "the platform" : `${app}, ${environment}`} · {components.join(", ")} · {phase}
          {isDrill && " · drill"}
        </p>
      </div>
      <div className="flex flex-col items-end gap-1">
        <StateBadge shown={incidentStates[state]} />
        <span className="text-xs text-quiet">
          {resolvedAtMs === undefined ? (
            <Ago ms={beganAtMs} />
          ) : (
            `lasted ${duration(resolvedAtMs - beganAtMs)}`
          )}
        </span>
      </div>
    </div>
  );
}
