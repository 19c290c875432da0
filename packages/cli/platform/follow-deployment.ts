import {
  ApiError,
  type ControlClient,
  ControlUnreachableError,
  type Deployment,
  type Step,
} from "@evenkeel/control";
import { DeployFailedError } from "../errors.ts";
import type { Progress } from "../output/progress.ts";

/** The supervisor starts it again within seconds. */
const returnLimitMs = 60_000;

const stepTitles: Record<Step["name"], string> = {
  source: "Unpacking the source",
  build: "Building",
  gates: "Running its checks",
  import: "Storing the build output",
  check: "Checking the variables",
  approve: "Waiting for another person's word",
  migrate: "Migrating the database",
  prepare: "Starting an instance",
  smoke: "Asking it for an answer",
  tests: "Testing it at its own URL",
  canary: "Bringing it to visitors in steps",
  switch: "Switching the alias",
  confirm: "Waiting for its first answer",
};

/** Most apps ask for nothing in these: they are named with their first line, if one comes. */
const optional = new Set<Step["name"]>(["gates", "approve", "tests", "canary"]);

/**
 * Follows it to its end. A control plane that is restarted meanwhile goes on with the deployment, so its return is waited for.
 *
 * @throws DeployFailedError unless the deployment is ready at the end, ControlUnreachableError
 */
export async function followDeployment(
  client: ControlClient,
  created: Deployment,
  progress: Progress,
): Promise<Deployment> {
  let shownLines = 0;
  let unnamed: Step["name"] | undefined;
  for (let awayAtMs: number | undefined; ; await Bun.sleep(200)) {
    try {
      let lines = 0;
      for await (const event of client.followDeployment({ deployment: created.id })) {
        awayAtMs = undefined;
        if (event.type === "step" && event.step.state === "running") {
          unnamed = optional.has(event.step.name) ? event.step.name : undefined;
          if (!unnamed) progress.step(stepTitles[event.step.name]);
        } else if (event.type === "log" && ++lines > shownLines) {
          shownLines = lines;
          if (unnamed) progress.step(stepTitles[unnamed]);
          unnamed = undefined;
          progress.line(event.line.text);
        } else if (event.type === "done") return conclude(event.deployment);
      }
    } catch (error) {
      awayAtMs ??= Date.now();
      if (!isAway(error) || Date.now() - awayAtMs > returnLimitMs) throw error;
    }
    awayAtMs ??= Date.now();
    progress.step("Waiting for the control plane to return");
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof ControlUnreachableError ||
  (error instanceof ApiError && error.code === "database_unavailable");

function conclude(last: Deployment): Deployment {
  if (last.withheld) {
    const { message, hint } = last.withheld;
    throw new DeployFailedError(
      `Deployment ${last.id} of ${last.app} is ready, and not released: ${message}`,
      {
        ...(hint && { hint }),
      },
    );
  }
  if (last.condemned) {
    throw new DeployFailedError(
      `Deployment ${last.id} of ${last.app} went live and was taken back: ${last.condemned.reason}`,
      { hint: `What was pushed next is not released: evenkeel auto-deploy status ${last.app}` },
    );
  }
  if (last.state === "ready") return last;
  const reasons: Partial<Record<Deployment["state"], string>> = {
    cancelled: "was cancelled",
    superseded: "was superseded by a newer one",
  };
  const why = last.error?.message ?? reasons[last.state] ?? `ended in state ${last.state}`;
  throw new DeployFailedError(`Deployment ${last.id} of ${last.app} did not go live: ${why}`, {
    hint:
      last.error?.hint ??
      `What answered before still does. The log: evenkeel logs ${last.app} --build ${last.id}`,
  });
}
