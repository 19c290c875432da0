import type { Schedule } from "@evenkeel/control/api/contract/index";
import { useState } from "react";
import { call } from "../../api/call.ts";
import { useAppEnvironment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Answer, Empty, Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Page } from "../../kit/page.tsx";
import { StateBadge } from "../../kit/state-badge.tsx";
import { runStates } from "../../kit/states.ts";
import { Badge } from "../../kit/status.tsx";
import { Ago } from "../../kit/time.tsx";
import { Runs } from "./runs.tsx";

export function SchedulesPage() {
  const { app } = useAppEnvironment();
  const schedules = useApi("listSchedules", { app });
  return (
    <Page
      title="Schedules"
      about="Jobs of production: when each runs next, and what became of those that ran."
    >
      <Answer query={schedules}>
        {({ schedules: all }) =>
          all.length === 0 ? (
            <section className="rounded-lg border border-line bg-panel">
              <Empty icon="clock" title="No jobs are scheduled">
                <p>
                  Declare <code className="font-mono text-xs">crons</code> in{" "}
                  <code className="font-mono text-xs">vercel.json</code>; they run with the next release.
                </p>
              </Empty>
            </section>
          ) : (
            all.map((schedule) => <ScheduleCard key={schedule.name} schedule={schedule} />)
          )
        }
      </Answer>
    </Page>
  );
}

function ScheduleCard({ schedule }: { schedule: Schedule }) {
  const { app, name, state, cron, timezone, path, method, nextAtMs, lastRun, pausedBy } = schedule;
  const viewer = useViewer();
  const [isOpen, setOpen] = useState(false);
  const of = { app, schedule: name };
  const run = useAct(
    () => call("runSchedule", of),
    () => setOpen(true),
  );
  const pause = useAct(() => call(state === "paused" ? "resumeSchedule" : "pauseSchedule", of));
  const refused = state === "absent" ? "What is released does not declare it" : undefined;
  return (
    <section className="rounded-lg border border-line bg-panel">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          className="min-w-0 flex-1 text-left"
        >
          <span className="flex flex-wrap items-center gap-2">
            <span className="truncate font-medium">{name}</span>
            {state === "paused" && (
              <Badge tone="warn" icon="pause">
                paused{pausedBy ? ` by ${pausedBy}` : ""}
              </Badge>
            )}
            {state === "absent" && <Badge tone="quiet">not declared any more</Badge>}
            {lastRun && <StateBadge shown={runStates[lastRun.state]} />}
          </span>
          <span className="mt-0.5 block truncate text-xs text-quiet">
            <span className="font-mono">{cron ?? "–"}</span> {timezone} · {method ?? "GET"}{" "}
            <span className="font-mono">{path ?? "–"}</span>
            {nextAtMs !== undefined && (
              <>
                {" "}
                · next <Ago ms={nextAtMs} />
              </>
            )}
          </span>
        </button>
        <Button
          size="sm"
          icon={state === "paused" ? "play" : "pause"}
          busy={pause.isPending}
          refused={viewer.refusal("configure", app) ?? refused}
          onClick={() => pause.mutate(undefined)}
        >
          {state === "paused" ? "Resume" : "Pause"}
        </Button>
        <Button
          size="sm"
          look="primary"
          icon="play"
          busy={run.isPending}
          refused={viewer.refusal("deploy", app) ?? refused}
          onClick={() => run.mutate(undefined)}
        >
          Run now
        </Button>
      </div>
      {(run.error ?? pause.error) && <Fault fault={(run.error ?? pause.error)!} />}
      {isOpen && <Runs app={app} schedule={name} />}
    </section>
  );
}
