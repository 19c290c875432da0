import type { ContinuityReport, ContinuityRow, Drill } from "@evenkeel/control/api/contract/index";
import { callToEnd } from "../../api/call.ts";
import { useAppEnvironment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { duration } from "../../kit/format.ts";
import { Page } from "../../kit/page.tsx";
import { Sparkline } from "../../kit/sparkline.tsx";
import { StateBadge } from "../../kit/state-badge.tsx";
import { drillStates } from "../../kit/states.ts";
import { Badge } from "../../kit/status.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";

const words = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll("_", " ");

/** Disasters that are rehearsed: what was promised, what was measured, and whether it gets better. */
export function DrillsPage() {
  const { app } = useAppEnvironment();
  const continuity = useApi("getContinuity", { app });
  const drills = useApi("listDrills", { app, limit: 30 });
  return (
    <Page
      title="Drills"
      about="Disasters rehearsed on a copy: how much would be lost, and how soon it would be back."
    >
      <Answer query={continuity} rows={5}>
        {({ report }) => <Scenarios app={app} report={report} />}
      </Answer>
      <Answer query={drills}>{({ drills: all }) => <History drills={all} />}</Answer>
    </Page>
  );
}

function Scenarios({ app, report: { scenarios, overdue } }: { app: string; report: ContinuityReport }) {
  const viewer = useViewer();
  const act = useAct(({ scenario, environment }: ContinuityRow) =>
    callToEnd("runDrill", { app, environment: environment as "production", scenario }),
  );
  const refused = viewer.refusal("deploy", app);
  return (
    <Card title="Promises" note={overdue.length === 0 ? "nothing is overdue" : undefined} flush>
      {overdue.map((sentence) => (
        <p key={sentence} className="border-b border-line bg-warn-soft px-4 py-2 text-sm">
          {sentence}
        </p>
      ))}
      {act.error && <Fault fault={act.error} />}
      {scenarios.length === 0 ? (
        <Empty icon="drill" title="No disaster is rehearsed yet">
          <p>An app with a database, or a runbook with disaster scenarios, has its drills here.</p>
        </Empty>
      ) : (
        <Table
          label="Scenarios"
          items={scenarios}
          keyOf={({ scenario, environment }) => `${scenario} ${environment}`}
          columns={[
            {
              title: "Disaster",
              cell: ({ scenario, environment }) => (
                <>
                  <span className="font-medium">{words(scenario)}</span>{" "}
                  <span className="text-xs text-quiet">{environment}</span>
                </>
              ),
            },
            {
              title: "Lost (RPO)",
              right: true,
              cell: (row) => <Kept is={row.last?.rpoMs} most={row.objectives.rpoMs} />,
            },
            {
              title: "Back after (RTO)",
              right: true,
              cell: (row) => <Kept is={row.last?.rtoMs} most={row.objectives.rtoMs} />,
            },
            {
              title: "Trend",
              minor: true,
              cell: ({ rtoTrendMs, trend }) =>
                rtoTrendMs.length > 1 ? (
                  <Sparkline points={rtoTrendMs} label={`Recovery times of the last drills: ${trend}`} />
                ) : (
                  <span className="text-faint">{trend}</span>
                ),
            },
            {
              title: "Last",
              cell: ({ last, overdueSinceMs }) => (
                <span className="flex items-center gap-2">
                  {last ? (
                    <StateBadge shown={drillStates[last.state]} />
                  ) : (
                    <span className="text-quiet">never</span>
                  )}
                  {overdueSinceMs !== undefined ? (
                    <Badge tone="warn">overdue</Badge>
                  ) : (
                    <Ago ms={last?.startedMs} />
                  )}
                </span>
              ),
            },
            {
              title: "Actions",
              right: true,
              cell: (row) => (
                <Button
                  size="sm"
                  icon="play"
                  refused={refused}
                  busy={act.isPending && act.variables.scenario === row.scenario}
                  onClick={() => act.mutate(row)}
                >
                  Rehearse
                </Button>
              ),
            },
          ]}
        />
      )}
    </Card>
  );
}

/** What was measured beside what was promised. */
function Kept({ is, most }: { is: number | undefined; most: number | undefined }) {
  const isKept = is === undefined || most === undefined || is <= most;
  return (
    <span>
      <span className={isKept ? undefined : "font-medium text-bad"}>{duration(is)}</span>
      {most !== undefined && <span className="text-xs text-quiet"> of {duration(most)}</span>}
    </span>
  );
}

function History({ drills }: { drills: Drill[] }) {
  if (drills.length === 0) return null;
  return (
    <Card title="History" flush>
      <Table
        label="Drills"
        items={drills}
        keyOf={({ id }) => id}
        columns={[
          { title: "When", cell: ({ startedMs }) => <Ago ms={startedMs} /> },
          { title: "Disaster", cell: ({ scenario }) => words(scenario) },
          {
            title: "State",
            cell: ({ state, failures }) => (
              <span title={failures.map(({ message }) => message).join("\n")}>
                <StateBadge shown={drillStates[state]} />
              </span>
            ),
          },
          { title: "Lost", right: true, cell: ({ rpoMs }) => duration(rpoMs) },
          { title: "Back after", right: true, cell: ({ rtoMs }) => duration(rtoMs) },
          { title: "By", cell: ({ actor }) => actor.name, minor: true },
        ]}
      />
    </Card>
  );
}
