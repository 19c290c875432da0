import { useApi } from "../../api/use-api.ts";
import { Answer } from "../../kit/answer.tsx";
import { duration } from "../../kit/format.ts";
import { StateBadge } from "../../kit/state-badge.tsx";
import { runStates } from "../../kit/states.ts";
import { Table } from "../../kit/table.tsx";
import { When } from "../../kit/time.tsx";

const reasons: Record<string, string> = {
  overlap: "the one before was still running",
  missed: "nothing could be called when it was due",
  queue_full: "too many waited",
  not_released: "the schedule was gone",
  status: "not an answer 2xx",
  redirected: "redirected, which is not followed",
  timed_out: "took too long",
  connection_lost: "the connection broke",
  no_edge: "no edge answered",
  secret_unreadable: "CRON_SECRET could not be read",
};

export function Runs({ app, schedule }: { app: string; schedule: string }) {
  const runs = useApi("listScheduleRuns", { app, schedule, limit: 30 });
  return (
    <div className="border-t border-line">
      <Answer query={runs}>
        {({ runs: all }) =>
          all.length === 0 ? (
            <p className="p-4 text-sm text-quiet">It has not run yet.</p>
          ) : (
            <Table
              label={`Runs of ${schedule}`}
              items={all}
              keyOf={({ id }) => id}
              columns={[
                { title: "Due", cell: ({ scheduledAtMs }) => <When ms={scheduledAtMs} only="day" /> },
                { title: "State", cell: ({ state }) => <StateBadge shown={runStates[state]} /> },
                {
                  title: "Answer",
                  cell: ({ httpStatus, reason }) => (
                    <span className="text-quiet">
                      {[httpStatus, reason === undefined ? undefined : (reasons[reason] ?? reason)]
                        .filter(Boolean)
                        .join(": ") || "–"}
                    </span>
                  ),
                },
                { title: "Took", right: true, cell: ({ durationMs }) => duration(durationMs) },
                { title: "Calls", right: true, cell: ({ calls }) => calls, minor: true },
                { title: "Asked by", cell: ({ askedBy }) => askedBy ?? "the clock", minor: true },
              ]}
            />
          )
        }
      </Answer>
    </div>
  );
}
