import type { RolloutStep } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { type DeploymentRow, getDeployment } from "../../deployments/deployment-row.ts";
import { deploymentView } from "../../deployments/deployment-view.ts";
import { ReasonMissingError } from "../../errors.ts";
import { listReleases } from "../../releases/release-store.ts";
import { newestStaged } from "../../staged/staged-release-store.ts";
import type { Caller } from "../../tokens/caller.ts";
import type { Rebuilding, releaseRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function releaseHandlers(parts: ControlParts): HandlersOf<typeof releaseRoutes> {
  const { database, releaser } = parts;
  return {
    async listReleases({ params: { app }, query }) {
      await getApp(database, app);
      const releases = await listReleases(database, { app, ...query });
      const newest = await newestStaged(database, app, query.environment);
      const isUnderWay = newest?.state === "running" || newest?.state === "held";
      return { releases, ...(newest && isUnderWay && { canary: parts.staged.view(newest) }) };
    },
    async promote({ params, body: { environment, reason, ignoreSchema, evenCondemned }, caller }) {
      if (ignoreSchema && !reason) throw new ReasonMissingError("Ignoring the schema");
      const deployment = await getDeployment(database, params.deployment);
      if (deployment.environment === environment) {
        return releaser.promote(deployment, {
          who: caller.name,
          voice: caller.voice,
          reason,
          ignoreSchema,
          evenCondemned,
        });
      }
      return rebuild(parts, deployment, { environment, reason, ignoreSchema, caller });
    },
    async stagePromotion({ params, body: { environment, steps, ...by }, caller }) {
      const { reason, ignoreSchema } = by;
      if (ignoreSchema && !reason) throw new ReasonMissingError("Ignoring the schema");
      const deployment = await getDeployment(database, params.deployment);
      if (deployment.environment === environment)
        return releaser.stagePromotion(deployment, { who: caller.name, voice: caller.voice, ...by, steps });
      return rebuild(parts, deployment, { environment, reason, ignoreSchema, steps, caller });
    },
    async rollback({ params: { app }, body: { reason, ignoreSchema, ...target }, caller }) {
      if (ignoreSchema && !reason) throw new ReasonMissingError("Ignoring the schema");
      await getApp(database, app);
      return releaser.rollback(
        { app, ...target },
        { who: caller.name, voice: caller.voice, reason, ignoreSchema },
      );
    },
    async stageRollback({ params: { app }, body: { reason, ignoreSchema, steps, ...target }, caller }) {
      if (ignoreSchema && !reason) throw new ReasonMissingError("Ignoring the schema");
      await getApp(database, app);
      return releaser.stageRollback(
        { app, ...target },
        { who: caller.name, voice: caller.voice, reason, ignoreSchema, steps },
      );
    },
  };
}

/** The same source with the other environment's variables: a new deployment. */
async function rebuild(
  parts: ControlParts,
  from: DeploymentRow,
  wish: {
    environment: "production" | "staging";
    reason: string | undefined;
    ignoreSchema: boolean | undefined;
    steps?: RolloutStep[];
    caller: Caller;
  },
): Promise<Rebuilding> {
  const id = await parts.pipeline.accept({
    ...{ app: from.app, environment: wish.environment, kind: from.kind, source: from.source },
    ...{ branch: from.branch ?? undefined, git: from.git ?? undefined },
    ...{ reason: wish.reason ?? `Promoted from ${from.id}`, who: wish.caller.name, voice: wish.caller.voice },
    ignoreSchema: wish.ignoreSchema,
    rollout: wish.steps,
  });
  const deployment = await deploymentView(
    parts.database,
    await getDeployment(parts.database, id),
    parts.place,
  );
  return { outcome: "rebuilding", deployment };
}
