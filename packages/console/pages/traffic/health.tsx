import { useApi } from "../../api/use-api.ts";
import { Card } from "../../kit/card.tsx";
import { duration } from "../../kit/format.ts";
import { Sparkline } from "../../kit/sparkline.tsx";
import { StateBadge } from "../../kit/state-badge.tsx";
import { healthStates } from "../../kit/states.ts";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";

/** Its health checks; nothing where it has none. */
export function Health({ app, environment }: { app: string; environment: "production" | "staging" }) {
  const { data } = useApi("getAppHealth", { app, environment }, { everyMs: 10_000 });
  if (!data || data.checks.length === 0) return null;
  return (
    <Card title="Health checks" note="asked from outside, through an edge" flush>
      <Table
        label="Health checks"
        items={data.checks}
        keyOf={({ name, deployment }) => `${name} ${deployment}`}
        columns={[
          {
            title: "Check",
            cell: ({ name, path, isCanary }) => (
              <>
                {name} <span className="font-mono text-xs text-quiet">{path}</span>
                {isCanary && <span className="text-xs text-quiet"> (canary)</span>}
              </>
            ),
          },
          { title: "State", cell: ({ state }) => <StateBadge shown={healthStates[state]} /> },
          { title: "Since", cell: ({ sinceMs }) => <Ago ms={sinceMs} />, minor: true },
          { title: "p95", right: true, cell: ({ p95Ms }) => duration(p95Ms) },
          {
            title: "Last",
            minor: true,
            cell: ({ results }) => (
              <Sparkline
                points={results.map(({ latencyMs, fault }) => (fault === undefined ? latencyMs : null))}
                label="Time of the last answers"
              />
            ),
          },
          {
            title: "Fault",
            cell: ({ fault }) => (fault === undefined ? "–" : <span className="text-bad">{fault}</span>),
          },
        ]}
      />
    </Card>
  );
}
