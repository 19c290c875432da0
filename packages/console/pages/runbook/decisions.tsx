import type { RunbookDecision } from "@evenkeel/control/api/contract/index";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useApi } from "../../api/use-api.ts";
import { Answer, Empty } from "../../kit/answer.tsx";
import { Card, Facts } from "../../kit/card.tsx";
import { Chart } from "../../kit/chart.tsx";
import { count, duration } from "../../kit/format.ts";
import { StateBadge } from "../../kit/state-badge.tsx";
import { decisionStates } from "../../kit/states.ts";
import { When } from "../../kit/time.tsx";

interface Of {
  app: string;
  environment: "production" | "staging";
}

export function Decisions({ app, environment }: Of) {
  const decisions = useApi("listRunbookDecisions", { app, environment, limit: 50 });
  return (
    <Answer query={decisions}>
      {({ decisions: all }) =>
        all.length === 0 ? (
          <Card>
            <Empty icon="shield" title="Nothing had to be decided">
              <p>
                As soon as a clause is breached, what was done about it stands here, with the signals that it
                rests on.
              </p>
            </Empty>
          </Card>
        ) : (
          all.map((decision) => <DecisionCard key={decision.id} app={app} decision={decision} />)
        )
      }
    </Answer>
  );
}

const plain = (value: number): string => count(value);

function DecisionCard({ app, decision }: { app: string; decision: RunbookDecision }) {
  const {
    id,
    clause,
    action,
    state,
    evidence,
    decidedAtMs,
    endedAtMs,
    outcome,
    deployment,
    release,
    signalsAtMs,
  } = decision;
  const times = useMemo(() => evidence.seconds.map(({ atMs }) => atMs), [evidence]);
  const lines = useMemo(
    () => [
      {
        name: "value",
        colour: "bad",
        points: evidence.seconds.map(({ value }) => value ?? null),
        isFilled: true,
      },
    ],
    [evidence],
  );
  const marks = useMemo(() => [{ atMs: signalsAtMs, name: "decided" }], [signalsAtMs]);
  return (
    <Card
      title={
        <span className="flex flex-wrap items-center gap-2">
          {action.replaceAll("_", " ")}
          <StateBadge shown={decisionStates[state]} />
        </span>
      }
      note={<When ms={decidedAtMs} />}
    >
      <div className="grid gap-5 lg:grid-cols-2">
        <Facts
          rows={[
            [
              "Clause",
              <span key="c" className="font-mono text-xs">
                {clause}
              </span>,
            ],
            ["Promises", evidence.says],
            [
              "About",
              deployment === undefined ? (
                "nothing released"
              ) : (
                <Link
                  key="d"
                  to="/apps/$app/deployments/$deployment"
                  params={{ app, deployment }}
                  search={{}}
                  className="underline decoration-line-strong underline-offset-2"
                >
                  {deployment}
                  {release !== undefined && ` (v${release})`}
                </Link>
              ),
            ],
            ["Outcome", outcomeText(decision)],
            ["Took", endedAtMs === undefined ? "under way" : duration(endedAtMs - decidedAtMs)],
            ...(decision.alsoBroken.length > 0
              ? [["Also breached", decision.alsoBroken.join(", ")] as [string, string]]
              : []),
            ...(outcome?.error ? [["Error", outcome.error.message] as [string, string]] : []),
          ]}
        />
        {times.length > 1 && (
          <Chart
            label={`Signals before decision ${id}`}
            timesMs={times}
            lines={lines}
            marks={marks}
            format={plain}
            heightPx={150}
          />
        )}
      </div>
    </Card>
  );
}

function outcomeText({ outcome, state }: RunbookDecision): string {
  if (!outcome) return state === "decided" ? "not yet" : "put on record";
  const parts = [
    outcome.version === undefined ? undefined : `v${outcome.version}`,
    outcome.deployment === undefined
      ? undefined
      : `${outcome.deployment}${outcome.answered ? " answers" : ""}`,
    outcome.note,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? state : parts.join(", ");
}
