import { useState } from "react";
import { call } from "../../api/call.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Confirm } from "../../kit/dialog.tsx";
import { bytes } from "../../kit/format.ts";
import { Badge } from "../../kit/status.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";

const purposes = { preview: "A preview's", manual: "Made by hand", look: "A look at a moment" } as const;

/** Copies of the database; nothing where there are none. */
export function Branches({ app }: { app: string }) {
  const { data } = useApi("listBranches", { app });
  const viewer = useViewer();
  const [target, setTarget] = useState<string>();
  const act = useAct(
    () => call("removeBranch", { app, branch: target! }),
    () => setTarget(undefined),
  );
  if (!data || data.branches.length === 0) return null;
  return (
    <Card title="Branches" note="copies, for previews and for people" flush>
      <Table
        label="Branches"
        items={data.branches}
        keyOf={({ branch }) => branch}
        columns={[
          { title: "Branch", cell: ({ branch }) => <span className="font-mono text-xs">{branch}</span> },
          { title: "For", cell: ({ purpose }) => purposes[purpose] },
          {
            title: "State",
            cell: ({ state }) => <Badge tone={state === "running" ? "good" : "quiet"}>{state}</Badge>,
          },
          { title: "Scrubbed", cell: ({ scrubbed }) => (scrubbed ? "yes" : "no"), minor: true },
          { title: "Size", right: true, cell: ({ sizeBytes }) => bytes(sizeBytes) },
          { title: "Used", cell: ({ usedAtMs }) => <Ago ms={usedAtMs} />, minor: true },
          {
            title: "Actions",
            right: true,
            cell: ({ branch }) => (
              <Button
                size="sm"
                look="ghost"
                refused={viewer.refusal("configure", app)}
                onClick={() => setTarget(branch)}
              >
                Remove
              </Button>
            ),
          },
        ]}
      />
      {target !== undefined && (
        <Confirm
          open
          danger
          onClose={() => setTarget(undefined)}
          title={`Remove ${target}`}
          action="Remove it"
          busy={act.isPending}
          fault={act.error}
          onConfirm={() => act.mutate(undefined)}
        >
          The copy and what was written to it are gone. A preview that uses it gets a new one with its next
          deployment.
        </Confirm>
      )}
    </Card>
  );
}
