import { type AppName, parseAppName, parseDeploymentId } from "@evenkeel/model";
import type { Database } from "../database/database.ts";
import { getDeployment } from "../deployments/deployment-row.ts";
import { DeploymentUnknownError, ForbiddenError } from "../errors.ts";
import type { PushRegistry } from "../git/push-registry.ts";
import type { Authenticator } from "../tokens/authenticator.ts";
import { type Caller, mayTouch } from "../tokens/caller.ts";
import type { Route } from "./contract/index.ts";

export interface AuthorizationParts {
  authenticator: Authenticator;
  database: Database;
  pushes: PushRegistry;
}

/** Before it is known who asks nothing else is looked at. */
const nobody: Caller = { name: "anonymous", permissions: new Set() };

/**
 * Decides whether a request may reach its route.
 *
 * @param params of the path, unread
 * @throws UnauthenticatedError, ForbiddenError; DeploymentUnknownError for deployments of apps that the token is not for
 */
export async function authorize(
  parts: AuthorizationParts,
  route: Route,
  params: Record<string, string>,
  authorization: string | undefined,
): Promise<Caller> {
  if (route.permission === "public") return nobody;
  if (route.permission === "push") return parts.pushes.identify(params["push"] ?? "", authorization);
  const caller = await parts.authenticator.identify(authorization);
  if (!caller.permissions.has(route.permission)) {
    throw new ForbiddenError(`The token "${caller.name}" lacks the permission "${route.permission}"`, {
      hint: "Use a token that has it; only a token with `admin` can make one.",
    });
  }
  if (caller.apps === undefined) return caller;
  if (params["app"] !== undefined) refuseOtherApps(caller, parseAppName(params["app"]));
  else if (params["deployment"] !== undefined)
    await refuseOtherDeployments(parts.database, caller, params["deployment"]);
  // A route about everything shows other apps too; those that can be narrowed look at `caller.apps` themselves.
  else if (!narrows.has(route.path)) {
    throw new ForbiddenError(`The token "${caller.name}" is for some apps only, and this is about all`);
  }
  return caller;
}

const narrows: ReadonlySet<string> = new Set([
  ...[
    "/api/apps",
    "/api/traces/:trace",
    "/api/events",
    "/metrics",
    "/api/incidents",
    "/api/incidents/:incident",
  ],
  ...["acknowledge", "updates", "resolve", "report"].map((action) => `/api/incidents/:incident/${action}`),
]);

function refuseOtherApps(caller: Caller, app: AppName): void {
  if (!mayTouch(caller, app))
    throw new ForbiddenError(`The token "${caller.name}" is not for the app "${app}"`);
}

/** As if it did not exist: a token of one app cannot find out what others deploy. */
async function refuseOtherDeployments(database: Database, caller: Caller, text: string): Promise<void> {
  const id = parseDeploymentId(text);
  const { app } = await getDeployment(database, id);
  if (!mayTouch(caller, app)) throw new DeploymentUnknownError(id);
}
