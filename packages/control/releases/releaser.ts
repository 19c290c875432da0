import type { AppName, DeploymentId, RolloutStep } from "@evenkeel/model";
import type {
  Confirmation,
  DeployableEnvironment,
  Release,
  Released,
  Staged,
} from "../api/contract/index.ts";
import { requireAgreedDeploy, requireAgreedRollback } from "../approvals/release-approval.ts";
import { hostUrl, type Place, releaseHost } from "../apps/hosts.ts";
import { lockEnvironment } from "../apps/lock-environment.ts";
import type { Connection } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { type DeploymentRow, getDeployment } from "../deployments/deployment-row.ts";
import type { EdgeProbe } from "../edges/edge-probe.ts";
import { DeploymentMovedError, DeploymentStateError, ReleaseUnknownError } from "../errors.ts";
import type { HostLink } from "../instances/host-link.ts";
import { requireKnownSchema } from "../migrations/release-schema.ts";
import type { PublishOutcome } from "../serving/feed.ts";
import type { Serving } from "../serving/serving.ts";
import type { StagedRow } from "../staged/staged-release-store.ts";
import type { StagedReleases } from "../staged/staged-releases.ts";
import { restoreVariables } from "../variables/restore-variables.ts";
import type { Vault } from "../vault/vault.ts";
import { appendRelease } from "./append-release.ts";
import { pauseAutoDeploy } from "./auto-deploy.ts";
import { condemn, refuseCondemned } from "./condemnations.ts";
import { findRelease, releaseBefore, releaseOfDeployment } from "./release-store.ts";

/** An instance of a Next.js page starts in 0.2 s, a `web` process may take a minute; what takes longer than this does not start. */
const prepareLimitMs = 90_000;
const answerLimitMs = 10_000;

export interface ReleaserParts {
  database: Database;
  vault: Vault;
  serving: Serving;
  staged: StagedReleases;
  host: HostLink;
  edge: EdgeProbe;
  place: Place;
}

export interface RollbackTarget {
  app: AppName;
  environment: DeployableEnvironment;
  branch?: string | undefined;
  /** Neither: what was released before. */
  version?: number | undefined;
  deployment?: DeploymentId | undefined;
}

export interface ReleaseBy {
  who: string;
  /** `Caller.voice`: whose word it is where several people are asked. */
  voice?: string | undefined;
  reason?: string | undefined;
  /** Released although it does not know the schema of its database; has a reason. */
  ignoreSchema?: boolean | undefined;
  /** Of a promotion: released although it is condemned. */
  evenCondemned?: boolean | undefined;
  /**
   * Of a rollback that no person asked for: what answered is condemned for that reason, and what is pushed is not released until somebody has
   * looked. Both in the same commit.
   */
  automatic?: boolean | undefined;
  /** Only while this one answers; else nothing is done. */
  whileAnswers?: DeploymentId | undefined;
}

export interface StageBy extends ReleaseBy {
  /** At least one. */
  steps: RolloutStep[];
}

/**
 * Moves aliases between deployments that are ready. The order keeps requests from being lost: an instance of the deployment
 * stands ready first, then the switch is committed and told to the edges, then it is seen to answer. Instances of the deployment
 * before stay until they are idle.
 */
export class Releaser {
  constructor(private readonly parts: ReleaserParts) {}

  /**
   * @throws DeploymentStateError unless the deployment is ready, of that environment and not the one that answers already;
   *   SchemaIncompatibleError
   */
  async promote(deployment: DeploymentRow, by: ReleaseBy): Promise<Released> {
    return this.release(deployment, this.hostOf(deployment), { kind: "promote", ...by });
  }

  /** As `promote`, to more and more of the visitors. @throws what `promote` throws, CanaryUnderWayError, NothingReleasedError */
  async stagePromotion(deployment: DeploymentRow, by: StageBy): Promise<Staged> {
    return this.stage(deployment, this.hostOf(deployment), { kind: "promote", ...by });
  }

  /** @throws ReleaseUnknownError, DeploymentStateError, SchemaIncompatibleError, HostUnreachableError, DatabaseUnavailableError */
  async rollback(target: RollbackTarget, by: ReleaseBy): Promise<Released> {
    const { deployment, host } = await this.rollbackTo(target);
    return this.release(deployment, host, { kind: "rollback", ...by });
  }

  /** As `rollback`, with more and more of the visitors. @throws what `rollback` throws, CanaryUnderWayError */
  async stageRollback(target: RollbackTarget, by: StageBy): Promise<Staged> {
    const { deployment, host } = await this.rollbackTo(target);
    return this.stage(deployment, host, { kind: "rollback", ...by });
  }

  private async rollbackTo(target: RollbackTarget): Promise<{ deployment: DeploymentRow; host: string }> {
    const { app, environment, branch } = target;
    const host = releaseHost(app, environment, branch, this.parts.place.domain);
    if (host === undefined) {
      throw new ReleaseUnknownError("Rolling back previews needs the branch", {
        hint: "Name it with --branch.",
      });
    }
    const release = await this.findTarget(target, host);
    return { deployment: await getDeployment(this.parts.database, release.deployment), host };
  }

  private hostOf(deployment: DeploymentRow): string {
    const { app, environment, branch } = deployment;
    const host = releaseHost(app, environment, branch ?? undefined, this.parts.place.domain);
    if (host !== undefined) return host;
    throw new DeploymentStateError(
      `Deployment ${deployment.id} is a preview without a branch: it has no alias`,
      { hint: "Promote it to production instead." },
    );
  }

  /** Sees the release answer at its alias, as a visitor would. */
  async confirm(
    deployment: DeploymentId,
    host: string,
    published: Promise<PublishOutcome>,
    startedAtMs: number,
    signal?: AbortSignal,
  ): Promise<Confirmation> {
    const edges = await published;
    const answer = await this.parts.edge.untilAnsweredBy(deployment, host, answerLimitMs, signal);
    return {
      answered: answer?.deployment === deployment,
      ...(answer === undefined ? {} : { status: answer.status }),
      edges: { acknowledged: edges.acknowledged, unconfirmed: edges.unconfirmed },
      tookMs: Math.round((performance.now() - startedAtMs) * 10) / 10,
    };
  }

  private async findTarget(target: RollbackTarget, host: string): Promise<Release> {
    const { database } = this.parts;
    const { app, environment, version, deployment } = target;
    if (version !== undefined) {
      const release = await findRelease(database, app, environment, version);
      if (release?.host === host) return release;
      throw new ReleaseUnknownError(`${app} has no release v${version} in ${environment}`, {
        hint: "`evenkeel inspect` and the releases of the app show the numbers.",
      });
    }
    if (deployment !== undefined) {
      const release = await releaseOfDeployment(database, host, deployment);
      if (release) return release;
      throw new ReleaseUnknownError(`Deployment ${deployment} was never released at ${host}`, {
        hint: "Use `evenkeel promote` for a deployment that was not released before.",
      });
    }
    const before = await releaseBefore(database, host);
    if (before) return before;
    throw new ReleaseUnknownError(`Nothing was released at ${host} before what answers there now`, {
      hint: "Deploy a corrected version instead. What is condemned or removed is not brought back.",
    });
  }

  /** Ends a staged release that is no deploy's: all visitors are its. */
  async finishStaged(row: StagedRow, who: string): Promise<Released> {
    const deployment = await getDeployment(this.parts.database, row.deployment);
    const { kind, host, ignoreSchema } = row;
    const reason = row.reason ?? undefined;
    return this.release(deployment, host, {
      ...{ kind: kind as "promote" | "rollback", who, reason, ignoreSchema },
      // Both were looked at when it began, and whoever condemns it now aborts it.
      ...{ isStaged: true, evenCondemned: true },
    });
  }

  /**
   * Where a release by hand takes several people. To go back by a promotion is a rollback.
   *
   * @throws RollbackNeedsApprovalError, ApprovalNeededError
   */
  private async requireApproval(
    deployment: DeploymentRow,
    host: string,
    { kind, automatic, who, voice, reason }: ReleaseBy & { kind: "promote" | "rollback" },
  ): Promise<void> {
    const { database } = this.parts;
    if (automatic || deployment.environment === "preview") return;
    const [alias] = await database.query<{ deployment: DeploymentId | null }>(
      "SELECT deployment FROM aliases WHERE host = $1",
      [host],
    );
    const from = alias?.deployment;
    if (from === deployment.id) return;
    const goesBack =
      from != null &&
      (kind === "rollback" || deployment.sequence < (await getDeployment(database, from)).sequence);
    if (goesBack) await requireAgreedRollback(database, { deployment, from }, { who, voice, reason });
    else await requireAgreedDeploy(database, deployment, { who, voice });
  }

  private async stage(
    deployment: DeploymentRow,
    host: string,
    how: StageBy & { kind: "promote" | "rollback" },
  ): Promise<Staged> {
    const { app, environment, id } = deployment;
    const { staged, database, host: instances } = this.parts;
    if (environment === "preview")
      throw new DeploymentStateError(`Deployment ${id} is a preview, which has no canary`, {
        hint: "Its visitors are few; release it at once.",
      });
    refuseUnlessReady(deployment);
    if (!how.evenCondemned) await refuseCondemned(database, id);
    await requireKnownSchema(this.parts, deployment, host, how.ignoreSchema ?? false);
    await refuseWhatAnswers(database, deployment, host, how.whileAnswers);
    await this.requireApproval(deployment, host, how);
    if (deployment.hasFunctions) await instances.prepare(id, prepareLimitMs);
    const row = await staged.begin({ app, environment, host, deployment: id, ...how }, (connection, before) =>
      standDown(connection, deployment, before, how),
    );
    return { outcome: "staged", canary: staged.view(row) };
  }

  private async release(
    deployment: DeploymentRow,
    host: string,
    how: ReleaseBy & { kind: "promote" | "rollback"; isStaged?: boolean },
  ): Promise<Released> {
    const startedAtMs = performance.now();
    const { serving, place, vault } = this.parts;
    refuseUnlessReady(deployment);
    if (!how.evenCondemned) await refuseCondemned(this.parts.database, deployment.id);
    const ignoredMigrations = await requireKnownSchema(
      this.parts,
      deployment,
      host,
      how.ignoreSchema ?? false,
    );
    if (!how.isStaged) await this.requireApproval(deployment, host, how);
    if (deployment.hasFunctions) await this.parts.host.prepare(deployment.id, prepareLimitMs);
    const { result, published } = await serving.change(async (connection) => {
      const before = await lockForRelease(connection, deployment, host, how);
      if (before) await standDown(connection, deployment, before, how);
      const { release, changes, hosts } = await appendRelease(connection, {
        ...{ app: deployment.app, environment: deployment.environment, deployment: deployment.id, host },
        ...{ kind: how.kind, reason: how.reason ?? null, who: how.who },
        ...{ branch: null, domain: place.domain, ignoredMigrations },
        resumesAutoDeploy: how.kind === "promote",
      });
      // Branches share the variables of previews: one that goes back must not take the others along.
      if (deployment.environment !== "preview") {
        const reason = `${how.kind === "rollback" ? "Rollback" : "Promotion"} to ${deployment.id}`;
        await restoreVariables(connection, vault, deployment, { who: how.who, reason });
      }
      return { changes, result: { release, hosts } };
    });
    return {
      outcome: "released",
      release: result.release,
      urls: result.hosts.map((moved) => hostUrl(moved, place)),
      confirmation: await this.confirm(deployment.id, host, published, startedAtMs),
    };
  }
}

function refuseUnlessReady(deployment: DeploymentRow): void {
  if (deployment.state === "ready") return;
  throw new DeploymentStateError(
    `Deployment ${deployment.id} cannot be released: it is ${deployment.state}`,
    {
      hint:
        deployment.state === "removed"
          ? "Its output is no longer kept; deploy again from the source."
          : "Deploy again.",
    },
  );
}

/** Looks again under the lock: it may have been removed, or released by somebody else, since it was read. */
async function lockForRelease(
  connection: Connection,
  deployment: DeploymentRow,
  host: string,
  { evenCondemned, whileAnswers }: ReleaseBy,
): Promise<DeploymentId | undefined> {
  await lockEnvironment(connection, deployment.app, deployment.environment);
  refuseUnlessReady(await getDeployment(connection, deployment.id));
  if (!evenCondemned) await refuseCondemned(connection, deployment.id);
  return refuseWhatAnswers(connection, deployment, host, whileAnswers);
}

/** What a rollback that nobody asked for leaves behind it. */
async function standDown(
  connection: Connection,
  { app, environment }: DeploymentRow,
  before: DeploymentId,
  { automatic, who, reason }: ReleaseBy,
): Promise<void> {
  if (!automatic) return;
  const because = { who, reason: reason ?? "It was rolled back by the platform" };
  await condemn(connection, before, because);
  await pauseAutoDeploy(connection, { app, environment }, because);
}

/** @returns what does */
async function refuseWhatAnswers(
  connection: Connection,
  deployment: DeploymentRow,
  host: string,
  whileAnswers: DeploymentId | undefined,
): Promise<DeploymentId | undefined> {
  const [alias] = await connection.query<{ deployment: DeploymentId }>(
    "SELECT deployment FROM aliases WHERE host = $1 AND app = $2",
    [host, deployment.app],
  );
  if (whileAnswers !== undefined && alias?.deployment !== whileAnswers)
    throw new DeploymentMovedError(whileAnswers, host);
  if (alias?.deployment === deployment.id) {
    throw new DeploymentStateError(`Deployment ${deployment.id} already answers at ${host}`, {
      hint: "Nothing has to be done.",
    });
  }
  return alias?.deployment;
}
