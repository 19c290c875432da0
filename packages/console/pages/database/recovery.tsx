import type { DatabaseReport } from "@evenkeel/model";
import { useMemo, useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { When } from "../../kit/time.tsx";
import { RestoreDialog } from "./restore-dialog.tsx";
import { Timeline, type TimelineMark } from "./timeline.tsx";

interface RecoveryProps {
  app: string;
  environment: "production" | "staging";
  database: DatabaseReport;
}

/** The recovery window: one drags to a moment, and brings it back or looks at a copy of it. */
export function Recovery({ app, environment, database }: RecoveryProps) {
  const backups = useApi("listBackups", { app, environment });
  const releases = useApi("listReleases", { app, environment, limit: 100 }).data;
  const migrations = useApi("getMigrations", { app, environment }).data;
  const viewer = useViewer();
  const [atMs, setAtMs] = useState<number>();
  const [deed, setDeed] = useState<"restore" | "branch">();
  const marks = useMemo<TimelineMark[]>(
    () => [
      ...(backups.data?.backups.map(({ stoppedMs, label }) => ({
        atMs: stoppedMs,
        name: `Backup: ${label}`,
        kind: "backup" as const,
      })) ?? []),
      ...(releases?.releases.map(({ createdAtMs, version }) => ({
        atMs: createdAtMs,
        name: `Release v${version}`,
        kind: "release" as const,
      })) ?? []),
      ...(migrations?.migrations.flatMap(({ ranAtMs, name }) =>
        ranAtMs === undefined
          ? []
          : [{ atMs: ranAtMs, name: `Migration ${name}`, kind: "migration" as const }],
      ) ?? []),
    ],
    [backups.data, releases, migrations],
  );
  return (
    <Card title="Recovery window" note="drag, or use the arrow keys">
      <Answer query={backups}>
        {({ backups: all }) => {
          const fromMs = all[0]?.stoppedMs;
          const toMs = database.archivedToMs;
          if (fromMs === undefined || toMs === undefined || toMs <= fromMs)
            return (
              <p className="text-sm text-quiet">
                The window opens with the first backup and the WAL after it, in a moment.
              </p>
            );
          const chosen = Math.min(toMs, Math.max(fromMs, atMs ?? toMs));
          return (
            <>
              <Timeline fromMs={fromMs} toMs={toMs} atMs={chosen} marks={marks} onMove={setAtMs} />
              <div className="mt-4 flex flex-wrap items-center gap-3">
                <p className="text-sm">
                  <span className="text-quiet">Chosen: </span>
                  <strong className="font-semibold">
                    {chosen === toMs ? "the newest moment" : <When ms={chosen} />}
                  </strong>
                </p>
                <div className="ml-auto flex gap-2">
                  <Button
                    icon="branch"
                    refused={viewer.refusal("configure", app)}
                    onClick={() => setDeed("branch")}
                  >
                    Look at a copy
                  </Button>
                  <Button
                    look="danger"
                    icon="undo"
                    refused={viewer.refusal("configure", app)}
                    onClick={() => setDeed("restore")}
                  >
                    Restore to it
                  </Button>
                </div>
              </div>
              {deed && (
                <RestoreDialog
                  app={app}
                  environment={environment}
                  deed={deed}
                  toMs={chosen === toMs ? undefined : chosen}
                  onClose={() => setDeed(undefined)}
                />
              )}
            </>
          );
        }}
      </Answer>
    </Card>
  );
}
