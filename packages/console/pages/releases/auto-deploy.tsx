import { call } from "../../api/call.ts";
import type { Environment } from "../../api/environment.ts";
import { useAct, useApi } from "../../api/use-api.ts";
import { useViewer } from "../../api/viewer.ts";
import { Fault } from "../../kit/answer.tsx";
import { Button } from "../../kit/button.tsx";
import { Icon } from "../../kit/icon.tsx";
import { Ago } from "../../kit/time.tsx";

/** Said while what is pushed is built and not released. */
export function AutoDeploy({ app, environment }: { app: string; environment: Environment }) {
  const { data } = useApi("getAutoDeploy", { app, environment });
  const viewer = useViewer();
  const resume = useAct(() => call("resumeAutoDeploy", { app, environment }));
  const paused = data?.paused;
  if (!paused) return null;
  return (
    <div className="flex flex-wrap items-center gap-3 rounded-lg border border-line bg-warn-soft px-4 py-3 text-sm">
      <Icon name="pause" className="text-warn" />
      <p className="min-w-0 flex-1">
        <strong className="font-medium">What is pushed is built and not released</strong>, since{" "}
        <Ago ms={paused.atMs} /> by {paused.by}: {paused.reason}
      </p>
      <Button
        size="sm"
        refused={viewer.refusal("release", app)}
        busy={resume.isPending}
        onClick={() => resume.mutate(undefined)}
      >
        Release again
      </Button>
      {resume.error && <Fault fault={resume.error} />}
    </div>
  );
}
