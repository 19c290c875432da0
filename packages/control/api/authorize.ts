import { type AppName, parseAppName, parseDeploymentId } from "@evenkeel/model";
import type { Database } from "../database/database.ts";
import { getDeployment } from "../deployments/deployment-row.ts";
import { DeploymentUnknownError, ForbiddenError, FreshSignInNeededError } from "../errors.ts";
import type { PushRegistry } from "../git/push-registry.ts";
import { may, maySomewhere } from "../people/capabilities.ts";
import type { Authenticator } from "../tokens/authenticator.ts";
import { type Caller, mayTouch } from "../tokens/caller.ts";
import type { GrantablePermission, Route } from "./contract/index.ts";
import type { RequestSide } from "./request-side.ts";

export interface AuthorizationParts {
  authenticator: Authenticator;
  database: Database;
  pushes: PushRegistry;
}

/** Before it is known who asks nothing else is looked at. */
const nobody: Caller = {
  actor: { kind: "platform", id: "anonymous", name: "anonymous" },
  name: "anonymous",
  voice: "anonymous",
  permissions: new Set(),
  onApps: new Map(),
};

/**
 * Decides whether a request may reach its route.
 *
 * @param params of the path, unread
 * @throws UnauthenticatedError, ForbiddenError, FreshSignInNeededError; DeploymentUnknownError for deployments of apps that the caller has nothing
 *   to do with
 */
export async function authorize(
  parts: AuthorizationParts,
  route: Route,
  params: Record<string, string>,
  request: RequestSide,
): Promise<Caller> {
  const { permission } = route;
  if (permission === "public") return nobody;
  if (permission === "push")
    return parts.pushes.identify(params["push"] ?? "", request.header("authorization"));
  const caller = await parts.authenticator.identify(request);
  if (permission === "anyone") return caller;
  if (permission === "person") requirePerson(caller);
  else await requirePermission(parts.database, caller, route, permission, params);
  if (route.isFresh && caller.session?.isFresh === false) throw new FreshSignInNeededError();
  return caller;
}

function requirePerson(caller: Caller): void {
  if (caller.session) return;
  throw new ForbiddenError("This is for a person who is signed in with a browser, not for a token");
}

async function requirePermission(
  database: Database,
  caller: Caller,
  { path }: Route,
  permission: GrantablePermission,
  params: Record<string, string>,
): Promise<void> {
  if (!maySomewhere(caller, permission)) throw lacks(caller, permission);
  if (caller.permissions.has(permission)) return;
  if (params["app"] !== undefined) requireOnApp(caller, permission, parseAppName(params["app"]));
  else if (params["deployment"] !== undefined)
    await requireOnDeployment(database, caller, permission, params["deployment"]);
  // A route about everything shows other apps too; those that can be narrowed look at what the caller may see themselves.
  else if (!narrows.has(path)) {
    throw new ForbiddenError(`${told(caller)} is for some apps only, and this is about all`);
  }
}

/** Each of their handlers looks at the permission on the app that it finds. */
export const narrows: ReadonlySet<string> = new Set([
  ...["/api/apps", "/api/traces/:trace", "/api/approvals", "/api/events", "/api/overview", "/metrics"],
  ...["/api/incidents", "/api/incidents/:incident"],
  ...["acknowledge", "updates", "resolve", "report"].map((action) => `/api/incidents/:incident/${action}`),
]);

const told = (caller: Caller): string =>
  caller.actor.kind === "person" ? `"${caller.name}"` : `The token "${caller.name}"`;

const lacks = (caller: Caller, permission: GrantablePermission): ForbiddenError =>
  new ForbiddenError(`${told(caller)} lacks the permission "${permission}"`, {
    hint:
      caller.actor.kind === "person"
        ? "An owner of the platform can give you a role that has it."
        : "Use a token that has it; only a token with `admin` can make one.",
  });

function requireOnApp(caller: Caller, permission: GrantablePermission, app: AppName): void {
  if (may(caller, permission, app)) return;
  if (!mayTouch(caller, app)) throw new ForbiddenError(`${told(caller)} is not for the app "${app}"`);
  throw lacks(caller, permission);
}

/** As if it did not exist: who has to do with one app cannot find out what others deploy. */
async function requireOnDeployment(
  database: Database,
  caller: Caller,
  permission: GrantablePermission,
  text: string,
): Promise<void> {
  const id = parseDeploymentId(text);
  const { app } = await getDeployment(database, id);
  if (!mayTouch(caller, app)) throw new DeploymentUnknownError(id);
  requireOnApp(caller, permission, app);
}
