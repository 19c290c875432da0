import { receiveUpload } from "@evenkeel/build";
import { branchHost, type DeploymentId } from "@evenkeel/model";
import { getApp } from "../../apps/app-store.ts";
import { removeAlias } from "../../apps/domains.ts";
import { record } from "../../audit/audit-log.ts";
import { getDeployment, listDeployments } from "../../deployments/deployment-row.ts";
import { deploymentView, summaryView } from "../../deployments/deployment-view.ts";
import { followDeployment, readBuildLog } from "../../deployments/follow-deployment.ts";
import { removeDeployment } from "../../deployments/remove-deployment.ts";
import { hasUpload, recordUpload } from "../../deployments/upload-store.ts";
import { PreviewUnknownError, ReasonMissingError, UploadUnknownError } from "../../errors.ts";
import type { deploymentRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function deploymentHandlers(parts: ControlParts): HandlersOf<typeof deploymentRoutes> {
  const { database, place, layout, pipeline } = parts;
  const view = async (id: DeploymentId) => deploymentView(database, await getDeployment(database, id), place);
  return {
    async putUpload({ params: { app, sha256 }, query: { sizeBytes }, bytes }) {
      await getApp(database, app);
      await receiveUpload(layout, { sha256, sizeBytes }, bytes);
      await recordUpload(database, { app, sha256, sizeBytes });
      return { sha256, sizeBytes };
    },
    async createDeployment({ params: { app }, body, caller }) {
      const { upload, canary: rollout, ...wish } = body;
      if (wish.ignoreSchema && !wish.reason) throw new ReasonMissingError("Ignoring the schema");
      await getApp(database, app);
      if (!(await hasUpload(database, app, upload))) throw new UploadUnknownError(upload);
      const id = await pipeline.accept({
        ...wish,
        ...{ app, who: caller.name, voice: caller.voice, source: { upload }, rollout },
      });
      return view(id);
    },
    async listDeployments({ params: { app }, query }) {
      await getApp(database, app);
      const rows = await listDeployments(database, { app, ...query });
      return { deployments: rows.map((row) => summaryView(row, place)) };
    },
    getDeployment: ({ params }) => view(params.deployment),
    followDeployment: ({ params, signal }) => followDeployment(parts, params.deployment, signal),
    async cancelDeployment({ params: { deployment: id }, caller }) {
      const { app } = await getDeployment(database, id);
      if (await pipeline.cancel(id))
        await record(database, { who: caller.name, action: "deployment.cancel", app, object: id });
      return view(id);
    },
    async removeDeployment({ params, caller }) {
      await removeDeployment(parts, await getDeployment(database, params.deployment), caller.name);
      await parts.branches.settle();
      return { removed: true };
    },
    async removePreview({ params: { app, branch }, caller }) {
      await getApp(database, app);
      const host = branchHost(app, branch, place.domain);
      if (!(await removeAlias(parts.serving, { app, host, kind: "branch", who: caller.name })))
        throw new PreviewUnknownError(app, branch);
      await parts.branches.settle();
      return { removed: true };
    },
    readBuildLog: ({ params, query, signal }) =>
      readBuildLog(parts, params.deployment, query.follow ?? false, signal),
  };
}
