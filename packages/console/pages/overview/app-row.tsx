import type { App, AppCondition } from "@evenkeel/control/api/contract/index";
import { Link } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { classes } from "../../kit/classes.ts";
import { duration, plural, share } from "../../kit/format.ts";
import { Sparkline } from "../../kit/sparkline.tsx";
import { StateBadge } from "../../kit/state-badge.tsx";
import { healthStates } from "../../kit/states.ts";
import { Badge, Status } from "../../kit/status.tsx";
import { Ago } from "../../kit/time.tsx";

const grid =
  "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-4 md:grid-cols-[minmax(10rem,1.6fr)_8rem_6.5rem_4.5rem_4.5rem_minmax(7rem,1fr)_7.5rem]";
const wide = "hidden md:block";

export function AppRowHead() {
  return (
    <div
      aria-hidden="true"
      className={classes(grid, "border-b border-line py-2 text-xs font-medium text-quiet")}
    >
      <span>App</span>
      <span>Health</span>
      <span className={wide}>Last hour</span>
      <span className={classes(wide, "text-right")}>Errors</span>
      <span className={classes(wide, "text-right")}>p95</span>
      <span className={wide}>Release</span>
      <span className={wide}>Runbook</span>
    </div>
  );
}

export function AppRow({ app, condition }: { app: App; condition: AppCondition | undefined }) {
  const { name, production } = app;
  return (
    <div className={classes(grid, "relative min-h-14 py-2 hover:bg-raised/50")}>
      <div className="min-w-0">
        <Link
          to="/apps/$app/deployments"
          params={{ app: name }}
          // The whole row leads there.
          className="block truncate font-medium after:absolute after:inset-0"
        >
          {name}
        </Link>
        <p className="truncate text-xs text-quiet">
          {production?.url ? new URL(app.url).host : "Not released yet"}
        </p>
      </div>
      <Health condition={condition} isReleased={production !== undefined} />
      <div className={wide}>
        <Traffic app={name} />
      </div>
      <span
        className={classes(
          wide,
          "tabular text-right text-sm",
          (condition?.errorRate ?? 0) >= 0.01 && "font-medium text-bad",
        )}
      >
        {share(condition?.errorRate)}
      </span>
      <span className={classes(wide, "tabular text-right text-sm")}>{duration(condition?.p95Ms)}</span>
      <div className={classes(wide, "min-w-0 text-sm")}>
        {production ? (
          <>
            <p className="truncate">v{production.release}</p>
            <p className="truncate text-xs text-quiet">
              <Ago ms={production.readyAtMs ?? production.createdAtMs} />
              {production.git?.message ? ` · ${production.git.message.split("\n")[0]}` : ""}
            </p>
          </>
        ) : (
          <span className="text-faint">–</span>
        )}
      </div>
      <div className={wide}>
        <Coverage runbook={condition?.runbook} />
      </div>
    </div>
  );
}

function Health({ condition, isReleased }: { condition: AppCondition | undefined; isReleased: boolean }) {
  if (condition !== undefined && condition.incidents > 0) {
    return (
      <Badge tone="bad" icon="alert">
        {condition.severity ?? ""} {plural(condition.incidents, "incident")}
      </Badge>
    );
  }
  if (condition?.health !== undefined) return <StateBadge shown={healthStates[condition.health]} />;
  if (!isReleased) return <Status tone="quiet">Not released</Status>;
  return <Status tone="quiet">No checks</Status>;
}

const hourMs = 3_600_000;
const bucketMs = 120_000;

function Traffic({ app }: { app: string }) {
  const { data } = useApi("querySignal", { app, signal: "requests", stepMs: bucketMs }, { everyMs: 60_000 });
  const points = (data?.series[0]?.points ?? []).map((point) => (typeof point === "number" ? point : null));
  const sum = points.reduce<number>((all, point) => all + (point ?? 0), 0);
  const label =
    data === undefined
      ? "Traffic of the last hour"
      : `${plural(sum, "request")} in the last ${hourMs / 60_000} minutes`;
  return <Sparkline points={points} label={label} />;
}

function Coverage({ runbook }: { runbook: AppCondition["runbook"] }) {
  if (!runbook) return <span className="text-sm text-faint">None</span>;
  const { clauses, enforced, breached } = runbook;
  if (breached > 0) return <Badge tone="bad">{plural(breached, "breach", "breaches")}</Badge>;
  return (
    <div className="flex items-center gap-2" title={`${enforced} of ${clauses} clauses are enforced`}>
      <span aria-hidden="true" className="h-1.5 w-12 overflow-hidden rounded-full bg-raised">
        <span
          className="block h-full rounded-full bg-good"
          style={{ width: `${(enforced / Math.max(1, clauses)) * 100}%` }}
        />
      </span>
      <span className="tabular text-xs text-quiet">
        {enforced}/{clauses}
      </span>
    </div>
  );
}
