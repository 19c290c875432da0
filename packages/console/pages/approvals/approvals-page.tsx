import type { Approval } from "@evenkeel/control/api/contract/index";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/call.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { Choice } from "../../kit/field.tsx";
import { Page } from "../../kit/page.tsx";
import { StateBadge } from "../../kit/state-badge.tsx";
import { approvalStates } from "../../kit/states.ts";
import { Ago } from "../../kit/time.tsx";

const kinds = { deploy: "Release a deployment", rollback: "Roll back", migration: "Run migrations" } as const;

/** What waits for the word of several people. */
export function ApprovalsPage() {
  const [which, setWhich] = useState<"open" | "all">("open");
  const approvals = useApi(
    "listApprovals",
    { limit: 100, all: which === "all" ? "true" : "false" },
    { keep: true },
  );
  return (
    <Page
      title="Approvals"
      about="What a runbook lets happen only with the word of several people. One agrees to exactly what stands here."
      actions={
        <Choice
          label="Which"
          value={which}
          options={[
            ["open", "Open"],
            ["all", "All"],
          ]}
          onChange={setWhich}
        />
      }
    >
      <Answer query={approvals} rows={4}>
        {({ approvals: all }) =>
          all.length === 0 ? (
            <section className="rounded-lg border border-line bg-panel">
              <Empty icon="approve" title="Nothing waits for anybody">
                <p>
                  The clause <code className="font-mono text-xs">approvals</code> of a runbook says what needs
                  whose word.
                </p>
              </Empty>
            </section>
          ) : (
            all.map((approval) => <ApprovalCard key={approval.id} approval={approval} />)
          )
        }
      </Answer>
    </Page>
  );
}

function ApprovalCard({ approval }: { approval: Approval }) {
  const { id, app, environment, kind, content, contentHash, needed, state, reason, words } = approval;
  const viewer = useViewer();
  const refused = viewer.refusal("release", app);
  const act = useAct((deed: "approve" | "refuse") =>
    deed === "approve" ? call(deed, { app, approval: id, contentHash }) : call(deed, { app, approval: id }),
  );
  const agreed = words.filter(({ agrees }) => agrees).length;
  return (
    <Card
      title={
        <span className="flex flex-wrap items-center gap-2">
          {kinds[kind]}
          <StateBadge shown={approvalStates[state]} />
        </span>
      }
      note={`${agreed} of ${needed} people`}
      actions={
        state === "open" && (
          <>
            <Button
              size="sm"
              look="danger"
              refused={refused}
              busy={act.isPending}
              onClick={() => act.mutate("refuse")}
            >
              Refuse
            </Button>
            <Button
              size="sm"
              look="primary"
              icon="approve"
              refused={refused}
              busy={act.isPending}
              onClick={() => act.mutate("approve")}
            >
              Agree
            </Button>
          </>
        )
      }
    >
      {act.error && <Fault fault={act.error} />}
      <p className="text-sm">
        <Link
          to="/apps/$app/deployments"
          params={{ app }}
          search={{}}
          className="underline decoration-line-strong underline-offset-2"
        >
          {app}
        </Link>
        , {environment}; asked by {approval.createdBy} <Ago ms={approval.createdAtMs} />
        {state === "open" && (
          <>
            , open until <Ago ms={approval.expiresAtMs} />
          </>
        )}
        {reason !== undefined && <>: {reason}</>}
      </p>
      <dl className="mt-3 grid grid-cols-[auto_minmax(0,1fr)] gap-x-6 gap-y-1.5 rounded-md bg-raised/60 p-3 text-sm">
        {Object.entries(content).map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-quiet">{name}</dt>
            <dd className="font-mono text-xs break-all whitespace-pre-wrap">
              {typeof value === "string" ? value : JSON.stringify(value, null, 2)}
            </dd>
          </div>
        ))}
      </dl>
      {words.length > 0 && (
        <ul className="mt-3 flex flex-col gap-1 text-sm text-quiet">
          {words.map(({ name, agrees, atMs, reason: why }) => (
            <li key={`${name} ${atMs}`}>
              {name} {agrees ? "agreed" : "refused"} <Ago ms={atMs} />
              {why !== undefined && `: ${why}`}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
