import type { ErrorJson, HomeLayout } from "@evenkeel/model";
import type { DeploymentState, StepName } from "../api/contract/index.ts";
import type { ApprovalDesk } from "../approvals/approval-desk.ts";
import type { Place } from "../apps/hosts.ts";
import type { BlobsLink } from "../blobs/blobs-link.ts";
import type { Database } from "../database/database.ts";
import type { Branches } from "../databases/branches.ts";
import type { DatabasesLink } from "../databases/databases-link.ts";
import type { DeploymentRow } from "../deployments/deployment-row.ts";
import type { EdgeProbe } from "../edges/edge-probe.ts";
import type { HostLink } from "../instances/host-link.ts";
import type { BuildLog, BuildLogs } from "../logs/build-log.ts";
import type { Releaser } from "../releases/releaser.ts";
import type { SandboxLink } from "../sandbox/sandbox-link.ts";
import type { Serving } from "../serving/serving.ts";
import type { StagedReleases } from "../staged/staged-releases.ts";
import type { Vault } from "../vault/vault.ts";
import type { Turns } from "./turns.ts";

export interface PipelineParts {
  layout: HomeLayout;
  place: Place;
  logs: BuildLogs;
  database: Database;
  approvals: ApprovalDesk;
  vault: Vault;
  databases: DatabasesLink;
  blobs: BlobsLink;
  branches: Branches;
  serving: Serving;
  staged: StagedReleases;
  releaser: Releaser;
  host: HostLink;
  sandbox: SandboxLink;
  edge: EdgeProbe;
  builds: Turns;
  imports: Turns;
}

/** One deployment on its way through the pipeline. */
export interface Job {
  /** As it was when the step began. */
  deployment: DeploymentRow;
  /** What earlier steps left for later ones; survives a crash. */
  results: Partial<Record<StepName, Record<string, unknown>>>;
  log: BuildLog;
  /** Aborted when the deployment is cancelled or superseded, and when control stops. */
  signal: AbortSignal;
}

/** What a step leaves for later ones; `unneeded`: it found nothing to do, and counts as skipped. */
export type StepResult = Record<string, unknown> | undefined | "unneeded";

/** What a step leaves that finds the deployment sound and not to be released: it ends `ready`, without the steps that release. */
export const withheldIn = ({ results }: Pick<Job, "results">): ErrorJson | undefined =>
  Object.values(results).find((result) => result["withheld"])?.["withheld"] as ErrorJson | undefined;

/**
 * One step. It may be run again after a crash at any point of it, so whatever it does a second time must come to the same.
 * A step that throws `DatabaseUnavailableError` is run again when the database is back; any other error fails the deployment.
 */
export interface PipelineStep {
  name: StepName;
  /** The deployment's state while it runs. */
  state: Extract<DeploymentState, "building" | "deploying">;
  skips?(job: Job): boolean;
  run(job: Job, parts: PipelineParts): Promise<StepResult>;
}
