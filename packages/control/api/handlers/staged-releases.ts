import { getApp } from "../../apps/app-store.ts";
import { newestStaged } from "../../staged/staged-release-store.ts";
import type { Moved } from "../../staged/staged-releases.ts";
import type { CanaryMoved, stagedReleaseRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function stagedReleaseHandlers(parts: ControlParts): HandlersOf<typeof stagedReleaseRoutes> {
  const { database, staged } = parts;
  const moved = ({ row, edges: { acknowledged, unconfirmed } }: Moved): CanaryMoved => ({
    canary: staged.view(row),
    edges: { acknowledged, unconfirmed },
  });
  const underWay = async ({ app, environment }: Parameters<typeof getCanary>[0]["params"]) => {
    await getApp(database, app);
    return staged.underWay(app, environment);
  };
  const getCanary: HandlersOf<typeof stagedReleaseRoutes>["getCanary"] = async ({
    params: { app, environment },
  }) => {
    await getApp(database, app);
    const row = await newestStaged(database, app, environment);
    return { canary: row ? staged.view(row) : null };
  };
  return {
    getCanary,
    async promoteCanary({ params, body: { all, seenStep }, caller }) {
      return moved(await staged.promote(await underWay(params), { who: caller.name, all, seenStep }));
    },
    async abortCanary({ params, body: { reason, seenStep }, caller }) {
      return moved(await staged.abort(await underWay(params), { who: caller.name, reason, seenStep }));
    },
    async holdCanary({ params, body: { reason }, caller }) {
      return moved(await staged.hold(await underWay(params), { who: caller.name, reason }));
    },
    async resumeCanary({ params, caller }) {
      return moved(await staged.resumeHeld(await underWay(params), { who: caller.name }));
    },
  };
}
