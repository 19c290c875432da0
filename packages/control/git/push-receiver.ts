import {
  type AppName,
  branchHost,
  type DeploymentId,
  type ErrorJson,
  type HomeLayout,
} from "@evenkeel/model";
import type { Deployment, PushEvent } from "../api/contract/index.ts";
import { waitsForWords } from "../approvals/approval-store.ts";
import { getApp } from "../apps/app-store.ts";
import { removeAlias } from "../apps/domains.ts";
import { hostUrl, type Place } from "../apps/hosts.ts";
import type { Database } from "../database/database.ts";
import type { Branches } from "../databases/branches.ts";
import { followDeployment } from "../deployments/follow-deployment.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { ProgressHub } from "../pipeline/progress-hub.ts";
import type { Serving } from "../serving/serving.ts";
import { stagedOfDeploy } from "../staged/staged-release-store.ts";
import { branchExists, commitFacts, keepCommit } from "./commit-facts.ts";
import type { Push } from "./push-registry.ts";

export interface PushedRef {
  ref: string;
  oldSha: string;
  newSha: string;
}

export interface PushReceiverParts {
  layout: HomeLayout;
  place: Place;
  database: Database;
  serving: Serving;
  pipeline: Pipeline;
  branches: Branches;
  hub: ProgressHub;
}

const isAbsent = (sha: string): boolean => /^0+$/.test(sha);

/**
 * Deploys what was pushed to a branch. The ref moves only when the deployment is ready, so a push whose build failed can simply be
 * pushed again.
 */
export class PushReceiver {
  constructor(private readonly parts: PushReceiverParts) {}

  async *receive(push: Push, pushed: PushedRef, signal: AbortSignal): AsyncGenerator<PushEvent, void, void> {
    const branch = pushed.ref.replace(/^refs\/heads\//, "");
    if (isAbsent(pushed.newSha)) yield* this.forget(push, branch);
    else yield* this.deploy(push, branch, pushed, signal);
  }

  private async *forget({ app, caller }: Push, branch: string): AsyncGenerator<PushEvent, void, void> {
    const { serving, place } = this.parts;
    const host = branchHost(app, branch, place.domain);
    if (await removeAlias(serving, { app, host, kind: "branch", who: caller.name })) {
      yield { type: "note", text: `Removed ${hostUrl(host, place)}` };
      await this.parts.branches.settle();
    }
    yield { type: "accepted" };
  }

  private async *deploy(
    { app, caller }: Push,
    branch: string,
    { oldSha, newSha }: PushedRef,
    signal: AbortSignal,
  ): AsyncGenerator<PushEvent, void, void> {
    const { layout, pipeline } = this.parts;
    const facts = await commitFacts(layout, app, newSha);
    await keepCommit(layout, app, facts.sha!);
    const environment = (await this.isProduction(app, branch)) ? "production" : "preview";
    const id = await pipeline.accept({
      ...{ app, environment, branch, kind: "source", who: caller.name, voice: caller.voice, automatic: true },
      source: { commit: facts.sha! },
      git: { ...facts, ref: branch, ...(isAbsent(oldSha) ? {} : { previousSha: oldSha }) },
    });
    yield { type: "note", text: `Deploying ${facts.sha!.slice(0, 7)} to ${environment} as ${id}` };
    let inCanary = false;
    let inApproval = false;
    for await (const event of followDeployment(this.parts, id, signal)) {
      if (event.type === "log") {
        yield { type: "log", line: event.line };
        if (inApproval && (await waitsForWords(this.parts.database, id))) {
          const text = "It waits for another person's word and goes on by itself: evenkeel approvals list";
          yield { type: "note", text };
          yield { type: "accepted" };
          return;
        }
        // It may take days; the build is sound, and whoever watches a canary does not do it from here.
        if (inCanary && (await this.isStaged(id))) {
          yield { type: "note", text: `It goes on by itself: evenkeel canary status ${app}` };
          yield { type: "accepted" };
          return;
        }
      } else if (event.type === "step") {
        yield { type: "step", step: event.step };
        inApproval = event.step.name === "approve" && event.step.state === "running";
        inCanary = event.step.name === "canary" && event.step.state === "running";
      } else if (event.type === "done") yield* conclude(event.deployment);
    }
  }

  private async isStaged(id: DeploymentId): Promise<boolean> {
    const row = await stagedOfDeploy(this.parts.database, id);
    return row?.state === "running" || row?.state === "held";
  }

  /** `main`, and `master` in a repository that has no `main`, unless the app names another. */
  private async isProduction(app: AppName, branch: string): Promise<boolean> {
    const { settings } = await getApp(this.parts.database, app);
    if (settings.productionBranch) return branch === settings.productionBranch;
    return (
      branch === "main" || (branch === "master" && !(await branchExists(this.parts.layout, app, "main")))
    );
  }
}

function* conclude(deployment: Deployment): Generator<PushEvent, void, void> {
  if (deployment.state === "ready") {
    if (deployment.withheld) {
      const { message, hint } = deployment.withheld;
      yield { type: "note", text: `Built, and NOT released: ${message}` };
      if (hint) yield { type: "note", text: hint };
    }
    for (const url of [...deployment.aliases, deployment.url]) yield { type: "note", text: url };
    yield { type: "accepted" };
    return;
  }
  const error: ErrorJson = deployment.error ?? {
    code: "deployment_ended",
    message: `deployment ${deployment.id} was ${deployment.state}`,
  };
  if (error.hint) yield { type: "note", text: error.hint };
  yield { type: "refused", error };
}
