import type { MigrationState } from "@evenkeel/control/api/contract/index";
import { ApiFault } from "../../api/api-fault.ts";
import { call, callToEnd } from "../../api/call.ts";
import type { Environment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { StateBadge } from "../../kit/state-badge.tsx";
import { migrationEffects } from "../../kit/states.ts";
import { Badge } from "../../kit/status.tsx";
import { Ago } from "../../kit/time.tsx";

/** What ran, what is to run, and what the guard says of it. */
export function Migrations({ app, environment }: { app: string; environment: Environment }) {
  const report = useApi("getMigrations", { app, environment });
  const viewer = useViewer();
  const approve = useAct((key: string) => call("approveMigrations", { app, environment, key }));
  const run = useAct(() => callToEnd("runMigrations", { app, environment }));
  return (
    <Answer query={report} unless={{ migrations_unknown: null, database_unknown: null }}>
      {({ migrations, approval, problem, kind, folder }) => {
        if (migrations.length === 0 && !problem) return null;
        const pending = migrations.some(({ state }) => state === "pending");
        const needsApproval = approval !== undefined && approval.approved === undefined;
        return (
          <Card
            title="Migrations"
            note={[kind, folder].filter(Boolean).join(" in ")}
            flush
            actions={
              <>
                {needsApproval && (
                  <Button
                    size="sm"
                    look="primary"
                    icon="approve"
                    busy={approve.isPending}
                    refused={viewer.refusal("configure", app)}
                    onClick={() => approve.mutate(approval.key)}
                  >
                    Approve
                  </Button>
                )}
                {pending && (
                  <Button
                    size="sm"
                    busy={run.isPending}
                    refused={
                      viewer.refusal("deploy", app) ??
                      (approval?.required && needsApproval ? "It has to be approved first" : undefined)
                    }
                    onClick={() => run.mutate(undefined)}
                  >
                    Run what is pending
                  </Button>
                )}
              </>
            }
          >
            {problem && <Fault fault={new ApiFault(problem, 422)} />}
            {approve.error && <Fault fault={approve.error} />}
            {run.error && <Fault fault={run.error} />}
            <ul>
              {migrations.toReversed().map((migration) => (
                <Migration key={migration.name} migration={migration} />
              ))}
            </ul>
          </Card>
        );
      }}
    </Answer>
  );
}

function Migration({
  migration: { name, state, effect, breaksOldCode, ranAtMs, statements = [] },
}: {
  migration: MigrationState;
}) {
  return (
    <li className="border-b border-line px-4 py-2.5 text-sm last:border-0">
      <div className="flex flex-wrap items-center gap-2">
        <span className="min-w-0 truncate font-mono text-xs">{name}</span>
        <StateBadge shown={migrationEffects[effect]} />
        {breaksOldCode && <Badge tone="warn">No way back for earlier releases</Badge>}
        <span className="ml-auto text-xs text-quiet">
          {state === "applied" ? <Ago ms={ranAtMs} /> : state === "pending" ? "pending" : "stopped half-way"}
        </span>
      </div>
      {statements.length > 0 && (
        <ol className="mt-2 flex flex-col gap-2">
          {statements.map(({ file, line, text, effect: of, reasons, remedies }) => (
            <li key={`${file}:${line}`} className="rounded-md border border-line bg-raised/50 p-2.5">
              <div className="flex items-start gap-2">
                <code className="min-w-0 flex-1 font-mono text-xs break-words">{text}</code>
                <StateBadge shown={migrationEffects[of]} />
              </div>
              {reasons.map((reason) => (
                <p key={reason} className="mt-1 text-xs text-quiet">
                  It {reason}
                </p>
              ))}
              {remedies.map((remedy) => (
                <p key={remedy} className="mt-1 text-xs text-good">
                  {remedy}
                </p>
              ))}
            </li>
          ))}
        </ol>
      )}
    </li>
  );
}
