import { callToEnd } from "../../api/call.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card, Facts } from "../../kit/card.tsx";
import { Copyable, Mono } from "../../kit/copy.tsx";
import { Status } from "../../kit/status.tsx";
import { Ago } from "../../kit/time.tsx";

/** What is there when the machine is lost. */
export function Protection() {
  const protection = useApi("getProtection", {}, { everyMs: 60_000 });
  const viewer = useViewer();
  const act = useAct(() => callToEnd("backUpPlatform", {}));
  return (
    <Card
      title="When this machine is lost"
      actions={
        <Button
          size="sm"
          busy={act.isPending}
          refused={viewer.refusal("admin")}
          onClick={() => act.mutate(undefined)}
        >
          Back up now
        </Button>
      }
    >
      {act.error && <Fault fault={act.error} />}
      <Answer query={protection}>
        {({ archive, onThisMachine, recoveryKeyExported, database, files }) => (
          <Facts
            rows={[
              ["Archive", <Mono key="a">{archive}</Mono>],
              [
                "Elsewhere",
                onThisMachine ? (
                  <span key="m" className="flex flex-col items-start gap-2">
                    <Status tone="bad">No: it goes with this machine</Status>
                    <Copyable text="evenkeel backup to PLACE" />
                  </span>
                ) : (
                  <Status key="m" tone="good">
                    Yes
                  </Status>
                ),
              ],
              [
                "Recovery key",
                recoveryKeyExported ? (
                  <Status key="k" tone="good">
                    Somebody has it
                  </Status>
                ) : (
                  <span key="k" className="flex flex-col items-start gap-2">
                    <Status tone="bad">Nobody has it: without it no backup can be read</Status>
                    <Copyable text="evenkeel backup export-key FILE" />
                  </span>
                ),
              ],
              [
                "Platform's database",
                database.error ? (
                  <Status key="d" tone="bad">
                    {database.error.message}
                  </Status>
                ) : (
                  <span key="d">
                    archived up to <Ago ms={database.archivedToMs} />, newest backup{" "}
                    <Ago ms={database.newestBackupMs} />
                  </span>
                ),
              ],
              [
                "Keys, outputs, repositories",
                files.error ? (
                  <Status key="f" tone="bad">
                    {files.error.message}
                  </Status>
                ) : (
                  <span key="f">
                    copied <Ago ms={files.copiedAtMs} />
                  </span>
                ),
              ],
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}
