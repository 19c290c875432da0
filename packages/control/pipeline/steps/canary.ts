import { formatDuration, formatRolloutSteps, formatShare } from "@evenkeel/model";
import type { StagedRelease } from "../../api/contract/index.ts";
import { releaseHost } from "../../apps/hosts.ts";
import { AutoDeployPausedError, CanaryAbortedError, CanaryUnknownError } from "../../errors.ts";
import { releasePlan } from "../../gates/release-plan.ts";
import { autoDeployPause } from "../../releases/auto-deploy.ts";
import type { StagedRow } from "../../staged/staged-release-store.ts";
import { stagedOfDeploy } from "../../staged/staged-release-store.ts";
import type { Job, PipelineParts, PipelineStep } from "../pipeline-step.ts";

/** Brings it to more and more visitors, beside what answers now. The release itself is the step after it. */
export const canaryStep: PipelineStep = {
  name: "canary",
  state: "deploying",
  // New variables for a build that is live are no new version, and a preview is a trial as it is.
  skips: ({ deployment }) => deployment.derivedFrom !== null || deployment.environment === "preview",
  async run(job, parts) {
    const { deployment, log, signal } = job;
    const pause = deployment.automatic && (await autoDeployPause(parts.database, deployment));
    if (pause) throw new AutoDeployPausedError(deployment, pause);
    const row = (await stagedOfDeploy(parts.database, deployment.id)) ?? (await begin(job, parts));
    if (!row) return "unneeded";
    const tell = (release: StagedRelease) => log.note(describe(release));
    const isUnderWay = row.state === "running" || row.state === "held";
    const last = isUnderWay ? await parts.staged.untilEnd(row, signal, tell) : row;
    if (last.state === "aborted")
      throw new CanaryAbortedError(deployment.id, last.endedBy ?? "", last.endedReason);
    if (last.state !== "done") throw new CanaryUnknownError(deployment.app, deployment.environment);
    return { canary: row.id };
  },
};

/** Undefined: it is released at once. */
async function begin({ deployment, log }: Job, parts: PipelineParts): Promise<StagedRow | undefined> {
  const { app, environment, branch, id, createdBy: who } = deployment;
  if (environment === "preview") return undefined;
  const { canary } = await releasePlan(parts.database, deployment);
  const planned = (canary?.steps ?? [])
    .map(({ share, holdMs }) => ({ share, durationMs: holdMs }))
    .filter(({ share, durationMs }) => share < 1 || durationMs > 0);
  const steps = deployment.rollout ?? planned;
  if (steps.length === 0) return undefined;
  const host = releaseHost(app, environment, branch ?? undefined, parts.place.domain)!;
  const [alias] = await parts.database.query<{ deployment: string | null }>(
    "SELECT deployment FROM aliases WHERE host = $1",
    [host],
  );
  if (!alias?.deployment) {
    log.note("Nothing answers there yet: it is released at once");
    return undefined;
  }
  log.note(`Released in steps: ${formatRolloutSteps(steps)}`);
  const reason = deployment.reason ?? undefined;
  const wish = { app, environment, host, deployment: id, kind: "deploy", steps, who, reason } as const;
  return parts.staged.begin({ ...wish, minimumRequests: canary?.minimumSamples });
}

function describe({ state, step, steps, waitsFor, comparison }: StagedRelease): string {
  const { share, durationMs } = steps[step - 1]!;
  const head = `Step ${step} of ${steps.length}: ${formatShare(share)} of the visitors`;
  const seen = comparison && comparison.verdict !== "unknown" ? `, ${comparison.why}` : "";
  if (state === "held") return `${head}, held`;
  if (waitsFor === "person") return `${head}, until somebody promotes it${seen}`;
  if (waitsFor === "requests") return `${head}, waits for more requests: ${comparison?.why}`;
  return `${head} for ${formatDuration(durationMs ?? 0)}${seen}`;
}
