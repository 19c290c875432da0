import type { DeploymentId } from "@evenkeel/model";
import { getApproval, listApprovals, speak } from "../../approvals/approval-store.ts";
import { getDeployment } from "../../deployments/deployment-row.ts";
import { ForbiddenError } from "../../errors.ts";
import { useMigrationApproval } from "../../migrations/approve-migrations.ts";
import { may, visibleApps } from "../../people/capabilities.ts";
import type { Caller } from "../../tokens/caller.ts";
import type { Approval, approvalRoutes, Released } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function approvalHandlers(
  parts: Pick<ControlParts, "database" | "approvals" | "releaser">,
): HandlersOf<typeof approvalRoutes> {
  const { database, approvals } = parts;
  return {
    async listApprovals({ query: { all, limit }, caller }) {
      const apps = visibleApps(caller);
      return {
        approvals: await listApprovals(database, { apps: apps && [...apps], open: !all, limit }),
      };
    },
    getApproval: ({ params }) => getApproval(database, params.app, params.approval),
    async approve({ params: { app, approval: id }, body: { contentHash: seen, reason }, caller }) {
      const { kind } = await getApproval(database, app, id);
      // What `evenkeel db approve` asks for.
      if (kind === "migration" && !may(caller, "configure", app))
        throw new ForbiddenError(`"${caller.name}" lacks the permission "configure", which migrations need`);
      const approval = await database.transaction((connection) =>
        speak(connection, { app, id, seen }, { who: caller.name, voice: caller.voice }, true, reason),
      );
      approvals.tell(id);
      if (approval.state !== "approved") return { approval };
      const released = await carryOut(parts, approval, caller);
      return { approval: await getApproval(database, app, id), ...(released && { released }) };
    },
    async refuse({ params: { app, approval: id }, body: { reason }, caller }) {
      const approval = await database.transaction((connection) =>
        speak(
          ...([connection, { app, id, seen: undefined }, { who: caller.name, voice: caller.voice }] as const),
          ...([false, reason] as const),
        ),
      );
      approvals.tell(id);
      return { approval };
    },
  };
}

/** What was asked for, now that enough people agree. What fails here can be asked for again: the words stand until it is used. */
async function carryOut(
  { database, releaser }: Pick<ControlParts, "database" | "releaser">,
  approval: Approval,
  { name: who, voice }: Caller,
): Promise<Released | undefined> {
  const { app, environment, kind, content, reason } = approval;
  const by = { who, voice, reason };
  if (kind === "rollback")
    return releaser.rollback({ app, environment, deployment: content["to"] as DeploymentId }, by);
  if (kind === "migration") {
    await database.transaction((connection) => useMigrationApproval(connection, approval, who));
    return undefined;
  }
  const deployment = await getDeployment(database, content["deployment"] as DeploymentId);
  // One that is on its way waits in its step `approve`, and goes on by itself.
  return deployment.state === "ready" ? releaser.promote(deployment, by) : undefined;
}
