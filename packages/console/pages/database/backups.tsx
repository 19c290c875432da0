import { callToEnd } from "../../api/call.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { bytes, duration } from "../../kit/format.ts";
import { Table } from "../../kit/table.tsx";
import { Ago } from "../../kit/time.tsx";

interface BackupsProps {
  app: string;
  environment: "production" | "staging";
  terms: string[];
}

const shown = 12;

export function Backups({ app, environment, terms }: BackupsProps) {
  const backups = useApi("listBackups", { app, environment });
  const viewer = useViewer();
  const act = useAct(() => callToEnd("backUpDatabase", { app, environment }));
  return (
    <Card
      title="Backups"
      note={terms.join("; ")}
      flush
      actions={
        <Button
          size="sm"
          busy={act.isPending}
          refused={viewer.refusal("deploy", app)}
          onClick={() => act.mutate(undefined)}
        >
          Back up now
        </Button>
      }
    >
      {act.error && <Fault fault={act.error} />}
      <Answer query={backups}>
        {({ backups: all }) => (
          <Table
            label="Backups"
            items={all.toReversed().slice(0, shown)}
            keyOf={({ id }) => id}
            columns={[
              { title: "Taken", cell: ({ stoppedMs }) => <Ago ms={stoppedMs} /> },
              { title: "Why", cell: ({ label }) => label },
              { title: "Kind", cell: ({ kind }) => kind, minor: true },
              {
                title: "Took",
                right: true,
                cell: ({ startedMs, stoppedMs }) => duration(stoppedMs - startedMs),
                minor: true,
              },
              { title: "Data", right: true, cell: ({ dataBytes }) => bytes(dataBytes) },
              { title: "New in the archive", right: true, cell: ({ storedBytes }) => bytes(storedBytes) },
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}
