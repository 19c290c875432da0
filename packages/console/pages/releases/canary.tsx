import type { StagedRelease } from "@evenkeel/control/api/contract/index";
import { call } from "../../api/call.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Card } from "../../kit/card.tsx";
import { duration, share } from "../../kit/format.ts";
import { Badge } from "../../kit/status.tsx";

type Deed = "promoteCanary" | "abortCanary" | "holdCanary" | "resumeCanary";

/** A release in steps that is under way; nothing while there is none. */
export function Canary({ app, environment }: { app: string; environment: "production" | "staging" }) {
  const { data } = useApi("getCanary", { app, environment }, { everyMs: 5_000 });
  const viewer = useViewer();
  const act = useAct((deed: Deed) =>
    call(deed, {
      app,
      environment,
      ...(deed === "promoteCanary" && data?.canary ? { all: false, seenStep: data.canary.step } : {}),
    }),
  );
  const canary = data?.canary;
  if (!canary || (canary.state !== "running" && canary.state !== "held")) return null;
  const refused = viewer.refusal("release", app);
  const button = (deed: Deed, word: string, look: "plain" | "primary" | "danger" = "plain") => (
    <Button
      size="sm"
      look={look}
      refused={refused}
      busy={act.isPending && act.variables === deed}
      onClick={() => act.mutate(deed)}
    >
      {word}
    </Button>
  );
  return (
    <Card
      title={`${canary.deployment} is released in steps`}
      note={canary.state === "held" ? "held" : waiting(canary)}
      actions={
        <>
          {canary.state === "held" ? button("resumeCanary", "Go on") : button("holdCanary", "Hold")}
          {button("promoteCanary", "Next step", "primary")}
          {button("abortCanary", "Take it back", "danger")}
        </>
      }
    >
      {act.error && <Fault fault={act.error} />}
      <ol className="flex flex-wrap gap-2">
        {canary.steps.map((step, index) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: steps are their places
            key={index}
            className="min-w-28 rounded-md border border-line p-2.5 text-sm"
          >
            <p className="font-medium">{share(step.share)}</p>
            <p className="text-xs text-quiet">
              {step.state === "waiting"
                ? "to come"
                : step.state === "done"
                  ? "done"
                  : `for ${duration(step.elapsedMs)}`}
            </p>
          </li>
        ))}
      </ol>
      {canary.comparison && (
        <p className="mt-3 flex flex-wrap items-center gap-2 text-sm">
          <Badge
            tone={
              canary.comparison.verdict === "healthy"
                ? "good"
                : canary.comparison.verdict === "worse"
                  ? "bad"
                  : "quiet"
            }
          >
            {canary.comparison.verdict === "unknown" ? "too few requests" : canary.comparison.verdict}
          </Badge>
          It is {canary.comparison.why}.
        </p>
      )}
    </Card>
  );
}

const waiting = ({ waitsFor }: StagedRelease): string =>
  waitsFor === "person"
    ? "waits for somebody"
    : waitsFor === "requests"
      ? "waits for more requests to compare"
      : "under way";
