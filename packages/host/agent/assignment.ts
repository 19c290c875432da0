import {
  type Assignment,
  cacheSocketsVariable,
  cacheToken,
  cacheTokenVariable,
  type DeploymentId,
  type SandboxRoutes,
  sandboxLeadVariable,
} from "@evenkeel/model";
import type { CellView } from "../isolation/cell.ts";
import { planLead } from "../launcher/outside/lead-variables.ts";
import type { HostedFunction } from "./deployment-catalog.ts";

/** As at Vercel, where the app does not say otherwise. */
const usualEnvironment = { NODE_ENV: "production", TZ: ":UTC", LANG: "C.UTF-8" };

/** What a launcher is told when a function moves into its cell. Later variables win: the place's, the function's, the deployment's, ours. */
export function planAssignment(
  fn: HostedFunction,
  deployment: { id: DeploymentId; environment: Record<string, string> },
  view: CellView,
  cacheKey: Uint8Array,
  sandbox?: SandboxRoutes,
): Assignment {
  const lead = sandbox && planLead(sandbox, deployment.environment);
  return {
    root: view.root,
    handler: fn.handler,
    socketPath: view.socketPath,
    kind: fn.kind,
    environment: {
      ...usualEnvironment,
      ...view.environment,
      ...fn.environment,
      ...deployment.environment,
      [cacheSocketsVariable]: view.cacheSockets,
      [cacheTokenVariable]: cacheToken(cacheKey, deployment.id),
      ...(lead && { [sandboxLeadVariable]: JSON.stringify(lead) }),
    },
    shouldAddHelpers: fn.shouldAddHelpers,
    shouldAddSourcemapSupport: fn.shouldAddSourcemapSupport,
    useWebApi: fn.useWebApi,
    awsLambdaHandler: fn.awsLambdaHandler,
    supportsResponseStreaming: fn.supportsResponseStreaming,
    maxDurationS: fn.maxDurationS,
    assets: fn.assets,
    wasm: fn.wasm,
    compileCacheDir: view.compileCacheDir,
    ...(view.identity ? { identity: view.identity } : {}),
  };
}
