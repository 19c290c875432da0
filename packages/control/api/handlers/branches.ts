import { type AppName, branchLabel } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { record } from "../../audit/audit-log.ts";
import { type BranchRow, giveUpBranch } from "../../databases/branch-store.ts";
import { parentOfBranches, requireDatabase } from "../../databases/database-store.ts";
import { withProgress } from "../../databases/with-progress.ts";
import { BranchUnknownError, DatabaseUnknownError } from "../../errors.ts";
import type { Branch, branchRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

type Known = Awaited<ReturnType<ControlParts["branches"]["list"]>>[number];

export function branchHandlers({
  database,
  databases,
  branches,
}: ControlParts): HandlersOf<typeof branchRoutes> {
  const find = async (app: AppName, branch: string): Promise<Known> => {
    await getApp(database, app);
    const known = (await branches.list(app)).find(({ row }) => row.branch === branchLabel(app, branch));
    if (!known) throw new BranchUnknownError(app, branch);
    return known;
  };
  return {
    async listBranches({ params: { app } }) {
      await getApp(database, app);
      return { branches: (await branches.list(app)).map(view) };
    },
    createBranch: ({ params, body, caller }) =>
      withProgress(async (onProgress) => {
        const { app } = params;
        await getApp(database, app);
        const branch = branchLabel(app, params.branch);
        const environment = body.environment ?? (await parentOfBranches(database, app));
        if (environment === undefined) throw new DatabaseUnknownError(app, "production");
        await requireDatabase(database, { app, environment });
        const { created } = await branches.ensure(
          {
            ...{ app, branch, who: caller.name, purpose: body.to === undefined ? "manual" : "look" },
            parent: { environment, ...(body.to === undefined ? {} : { to: body.to }) },
          },
          onProgress,
        );
        return { branch: view(await find(app, branch)), created };
      }),
    async removeBranch({ params: { app, branch }, caller }) {
      await getApp(database, app);
      const given = { app, branch: branchLabel(app, branch), who: caller.name };
      if (!(await database.transaction((connection) => giveUpBranch(connection, given))))
        throw new BranchUnknownError(app, branch);
      await branches.settle();
      return { removed: true };
    },
    async getBranchCredentials({ params, caller }) {
      const { app, branch } = (await find(params.app, params.branch)).row;
      const { variables = {} } = await databases.ask({ type: "branchCredentials", app, branch });
      await record(database, {
        who: caller.name,
        action: "database.branch.credentials",
        app,
        object: branch,
      });
      return { variables };
    },
  };
}

function view({ row, report }: { row: BranchRow; report: Known["report"] }): Branch {
  const { appId: _, ...branch } = report;
  return { ...branch, purpose: row.purpose, createdBy: row.createdBy };
}
