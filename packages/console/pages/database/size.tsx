import { useApi } from "../../api/use-api.ts";
import { Answer } from "../../kit/answer.tsx";
import { Card, Stat, Stats } from "../../kit/card.tsx";
import { bytes, count } from "../../kit/format.ts";
import { Table } from "../../kit/table.tsx";

const shown = 15;

export function Size({ app, environment }: { app: string; environment: "production" | "staging" }) {
  const size = useApi("getDatabaseSize", { app, environment });
  return (
    <Card title="Where its room goes" flush>
      <Answer query={size}>
        {({ size: { dataBytes, walBytes, spoolBytes, archive, relations } }) => (
          <>
            <div className="p-4">
              <Stats>
                <Stat label="Data">{bytes(dataBytes)}</Stat>
                <Stat label="WAL">{bytes(walBytes)}</Stat>
                <Stat label="Waits for the archive">{bytes(spoolBytes)}</Stat>
                <Stat label="Backups">{bytes(archive.backupBytes)}</Stat>
                <Stat label="WAL in the archive">{bytes(archive.walBytes)}</Stat>
              </Stats>
            </div>
            {relations.length > 0 && (
              <Table
                label="Relations"
                items={relations.slice(0, shown)}
                keyOf={({ name }) => name}
                columns={[
                  { title: "Name", cell: ({ name }) => <span className="font-mono text-xs">{name}</span> },
                  {
                    title: "Kind",
                    cell: ({ kind, table }) => (table ? `${kind} of ${table}` : kind),
                    minor: true,
                  },
                  {
                    title: "Rows",
                    right: true,
                    cell: ({ rows }) => (rows === undefined ? "–" : `~${count(rows)}`),
                  },
                  { title: "Size", right: true, cell: ({ bytes: size }) => bytes(size) },
                ]}
              />
            )}
          </>
        )}
      </Answer>
    </Card>
  );
}
