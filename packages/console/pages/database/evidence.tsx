import { callToEnd } from "../../api/call.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { bytes, count, duration } from "../../kit/format.ts";
import { Badge } from "../../kit/status.tsx";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";

interface EvidenceProps {
  app: string;
  environment: "production" | "staging";
  everyDays: number;
}

/** That backups can be restored is not believed but tried: what each trial found. */
export function Evidence({ app, environment, everyDays }: EvidenceProps) {
  const evidence = useApi("listEvidence", { app, environment, limit: 10 });
  const viewer = useViewer();
  const act = useAct(() => callToEnd("verifyDatabase", { app, environment }));
  return (
    <Card
      title="Verification"
      note={everyDays === 0 ? "only when asked" : `every ${everyDays} days: restored, counted, compared`}
      flush
      actions={
        <Button
          size="sm"
          busy={act.isPending}
          refused={viewer.refusal("deploy", app)}
          onClick={() => act.mutate(undefined)}
        >
          Verify now
        </Button>
      }
    >
      {act.error && <Fault fault={act.error} />}
      <Answer query={evidence}>
        {({ evidence: all }) =>
          all.length === 0 ? (
            <p className="p-4 text-sm text-quiet">
              Nothing is verified yet. The first verification comes by itself within a week.
            </p>
          ) : (
            <Table
              label="Verifications"
              items={all}
              keyOf={({ id }) => id}
              columns={[
                { title: "When", cell: ({ startedMs }) => <Ago ms={startedMs} /> },
                {
                  title: "Verdict",
                  cell: ({ verdict, failures }) => (
                    <span title={failures.map(({ step, message }) => `${step}: ${message}`).join("\n")}>
                      <Badge
                        tone={verdict === "passed" ? "good" : verdict === "failed" ? "bad" : "info"}
                        moving={verdict === "running"}
                      >
                        {verdict}
                      </Badge>
                    </span>
                  ),
                },
                { title: "Would have lost", right: true, cell: ({ rpoMs }) => duration(rpoMs) },
                { title: "Back after", right: true, cell: ({ rtoMs }) => duration(rtoMs) },
                {
                  title: "Restored",
                  right: true,
                  cell: ({ restoredBytes }) => bytes(restoredBytes),
                  minor: true,
                },
                { title: "Rows", right: true, cell: ({ rows }) => count(rows), minor: true },
                { title: "Tables", right: true, cell: ({ tables }) => count(tables), minor: true },
              ]}
            />
          )
        }
      </Answer>
    </Card>
  );
}
