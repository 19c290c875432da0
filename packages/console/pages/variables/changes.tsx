import { Link } from "@tanstack/react-router";
import type { Environment } from "../../api/environment.ts";
import { useApi } from "../../api/use-api.ts";
import { Card } from "../../kit/card.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";

const kinds = {
  set: "set",
  rotate: "rotated",
  overlap_end: "the old value ended",
  restore: "brought back",
  undo: "undone: the release failed",
} as const;

export function Changes({ app, environment }: { app: string; environment: Environment }) {
  const { data } = useApi("listVariableChanges", { app, environment, limit: 20 });
  if (!data || data.changes.length === 0) return null;
  return (
    <Card title="History" note="names, never values" flush>
      <Table
        label="Changes"
        items={data.changes}
        keyOf={({ id }) => id}
        columns={[
          { title: "When", cell: ({ atMs }) => <Ago ms={atMs} /> },
          { title: "Who", cell: ({ who }) => who },
          {
            title: "What",
            cell: ({ kind, names, reason }) => (
              <>
                <span className="font-mono text-xs break-words">
                  {names.map(({ name }) => name).join(", ")}
                </span>{" "}
                <span className="text-quiet">
                  {names.every(({ removed }) => removed) ? "removed" : kinds[kind]}
                </span>
                {reason !== undefined && <span className="text-quiet">: {reason}</span>}
              </>
            ),
          },
          {
            title: "Release",
            cell: ({ release, deployment }) =>
              deployment === undefined ? (
                "–"
              ) : (
                <Link
                  to="/apps/$app/deployments/$deployment"
                  params={{ app, deployment }}
                  search={{}}
                  className="underline decoration-line-strong underline-offset-2"
                >
                  {release === undefined ? "not live" : `v${release}`}
                </Link>
              ),
          },
        ]}
      />
    </Card>
  );
}
