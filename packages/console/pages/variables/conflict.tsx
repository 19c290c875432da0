import type { Variable } from "@evenkeel/control/api/contract/index";
import { call } from "../../api/call.ts";
import type { Environment } from "../../api/environment.ts";
import { useAct } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Button } from "../../kit/button.tsx";
import { Ago } from "../../kit/time.tsx";

interface ConflictProps {
  app: string;
  environment: Environment;
  name: string;
  /** As it is now; absent: removed. */
  now: Variable | undefined;
  mine: string;
  onMine: () => void;
  onTheirs: () => void;
}

/** Two have changed one thing: both values, and the choice. Nothing that was typed is lost. */
export function Conflict({ app, environment, name, now, mine, onMine, onTheirs }: ConflictProps) {
  const viewer = useViewer();
  const show = useAct(() => call("revealVariables", { app, environment, names: [name] }));
  return (
    <div role="alert" className="rounded-lg border border-line bg-warn-soft p-4 text-sm">
      <p className="font-medium">
        {now ? (
          <>
            {now.updatedBy} has changed it to version {now.version}, <Ago ms={now.updatedAtMs} />.
          </>
        ) : (
          "Somebody else has removed it."
        )}
      </p>
      <div className="mt-3 grid gap-3 sm:grid-cols-2">
        <Side title="Yours" value={mine} action="Keep mine" onChoose={onMine} />
        <div className="flex min-w-0 flex-col gap-1.5">
          <span className="text-xs text-quiet">Now</span>
          {show.data ? (
            <code className="max-h-32 overflow-auto rounded-md border border-line bg-panel p-2 font-mono text-xs break-all whitespace-pre-wrap">
              {show.data.variables[name] ?? ""}
            </code>
          ) : (
            <Button
              size="sm"
              icon="eye"
              busy={show.isPending}
              refused={now ? viewer.refusal("reveal", app) : "It is removed"}
              onClick={() => show.mutate(undefined)}
            >
              Show it
            </Button>
          )}
          {show.error && <span className="text-xs text-bad">{show.error.message}</span>}
          <Button size="sm" onClick={onTheirs}>
            Leave it so
          </Button>
        </div>
      </div>
    </div>
  );
}

function Side({
  title,
  value,
  action,
  onChoose,
}: {
  title: string;
  value: string;
  action: string;
  onChoose: () => void;
}) {
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <span className="text-xs text-quiet">{title}</span>
      <code className="max-h-32 overflow-auto rounded-md border border-line bg-panel p-2 font-mono text-xs break-all whitespace-pre-wrap">
        {value}
      </code>
      <Button size="sm" onClick={onChoose}>
        {action}
      </Button>
    </div>
  );
}
