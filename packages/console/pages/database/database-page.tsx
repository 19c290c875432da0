import type { DatabaseReport } from "@evenkeel/model";
import { ApiFault } from "../../api/api-fault.ts";
import { callToEnd } from "../../api/call.ts";
import { useAppEnvironment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card, Facts, Stat, Stats } from "../../kit/card.tsx";
import { Mono } from "../../kit/copy.tsx";
import { bytes, duration } from "../../kit/format.ts";
import { Page } from "../../kit/page.tsx";
import { Badge } from "../../kit/status.tsx";
import { Ago, useNow } from "../../kit/time.tsx";
import { EnvironmentChoice } from "../../shell/environment-choice.tsx";
import { Backups } from "./backups.tsx";
import { Branches } from "./branches.tsx";
import { Evidence } from "./evidence.tsx";
import { Migrations } from "./migrations.tsx";
import { Recovery } from "./recovery.tsx";
import { Size } from "./size.tsx";

export function DatabasePage() {
  const { app, environment } = useAppEnvironment();
  const databases = useApi("listDatabases", { app }, { everyMs: 15_000 });
  return (
    <Page
      title="Database"
      about="Every second of the recovery window can be brought back, or looked at in a copy."
      actions={<EnvironmentChoice without={["preview"]} />}
    >
      <Answer query={databases} rows={6}>
        {({ databases: own, external }) => {
          const database = own.find((each) => each.environment === environment);
          const outside = external.find((each) => each.environment === environment);
          if (database) return <Whole app={app} database={database} />;
          if (outside) {
            return (
              <>
                <Card title="A database elsewhere" note={outside.variable}>
                  <Facts
                    rows={[
                      ["Host", <Mono key="h">{`${outside.host}:${outside.port}`}</Mono>],
                      ["Database", <Mono key="d">{outside.database}</Mono>],
                      ["Backups", "are its provider's; migrations run under the guard all the same"],
                    ]}
                  />
                </Card>
                <Migrations app={app} environment={environment} />
              </>
            );
          }
          return <None app={app} environment={environment} />;
        }}
      </Answer>
      <Branches app={app} />
    </Page>
  );
}

function None({ app, environment }: { app: string; environment: "production" | "staging" | "preview" }) {
  const viewer = useViewer();
  const act = useAct(() => callToEnd("createDatabase", { app, environment }));
  return (
    <section className="rounded-lg border border-line bg-panel">
      <Empty icon="database" title={`No database for ${environment}`}>
        <p>An app that depends on a PostgreSQL library gets one with its next deploy; or make it now.</p>
        <p className="mt-4">
          <Button
            look="primary"
            icon="plus"
            busy={act.isPending}
            refused={viewer.refusal("configure", app)}
            onClick={() => act.mutate(undefined)}
          >
            Make a database
          </Button>
        </p>
        {act.error && <Fault fault={act.error} />}
      </Empty>
    </section>
  );
}

function Whole({ app, database }: { app: string; database: DatabaseReport }) {
  const environment = database.environment as "production" | "staging";
  const now = useNow();
  const { sizeBytes, state, archivedToMs, archiveError, terms, nextBackupMs, verification } = database;
  return (
    <>
      {archiveError && <Fault fault={new ApiFault(archiveError, 500)} />}
      <Stats>
        <Stat label="State">
          <Badge tone={state === "running" ? "good" : "info"}>{state}</Badge>
        </Stat>
        <Stat label="On disk">{bytes(sizeBytes)}</Stat>
        <Stat label="A loss now would cost" note="age of what is archived">
          {archivedToMs === undefined
            ? "–"
            : terms.zeroLoss
              ? "nothing"
              : duration(Math.max(0, now - archivedToMs))}
        </Stat>
        <Stat label="Next backup">
          <Ago ms={nextBackupMs} />
        </Stat>
        <Stat label="Verified">
          {verification ? (
            <Badge
              tone={
                verification.verdict === "passed"
                  ? "good"
                  : verification.verdict === "failed"
                    ? "bad"
                    : "info"
              }
            >
              {verification.verdict}
            </Badge>
          ) : (
            "not yet"
          )}
        </Stat>
      </Stats>
      <Recovery app={app} environment={environment} database={database} />
      <Migrations app={app} environment={environment} />
      <Evidence app={app} environment={environment} everyDays={database.verifiedEveryDays} />
      <Backups app={app} environment={environment} terms={terms.schedule} />
      <Size app={app} environment={environment} />
    </>
  );
}
