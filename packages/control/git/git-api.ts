import { type AppName, type HomeLayout, parseAppName } from "@evenkeel/model";
import type { Context, Hono } from "hono";
import type { GrantablePermission } from "../api/contract/index.ts";
import { RequestSide } from "../api/request-side.ts";
import { answerError } from "../api/server.ts";
import { getApp } from "../apps/app-store.ts";
import { ensureApp } from "../apps/ensure-app.ts";
import type { Place } from "../apps/hosts.ts";
import type { Database } from "../database/database.ts";
import { ForbiddenError, RouteUnknownError, UnauthenticatedError } from "../errors.ts";
import { may, maySomewhere } from "../people/capabilities.ts";
import type { Authenticator } from "../tokens/authenticator.ts";
import type { Caller } from "../tokens/caller.ts";
import { runHttpBackend } from "./http-backend.ts";
import type { PushRegistry } from "./push-registry.ts";
import { ensureRepository } from "./repository.ts";

export interface GitApiParts {
  layout: HomeLayout;
  place: Place;
  database: Database;
  authenticator: Authenticator;
  pushes: PushRegistry;
}

type Service = "git-upload-pack" | "git-receive-pack";

/** git's smart HTTP protocol (https://git-scm.com/docs/gitprotocol-http); what a service needs of a token. */
export const servicePermissions: Record<Service, GrantablePermission> = {
  "git-upload-pack": "read",
  "git-receive-pack": "deploy",
};

export const gitPaths = [
  { method: "GET", path: "/:repository/info/refs" },
  { method: "POST", path: "/:repository/git-upload-pack" },
  { method: "POST", path: "/:repository/git-receive-pack" },
] as const;

/** `git push http://<token>@<domain>:<port>/<app>.git`. An app that is not there yet is made by the first push to it. */
export function serveGit(api: Hono, parts: GitApiParts): void {
  for (const { method, path } of gitPaths) {
    api.on(method, path, async (context) => {
      try {
        return await answer(context, parts);
      } catch (error) {
        // git asks for a password when it is challenged this way.
        const basic: Record<string, string> =
          error instanceof UnauthenticatedError ? { "www-authenticate": 'Basic realm="Evenkeel"' } : {};
        return answerError(error, basic);
      }
    });
  }
}

async function answer(context: Context, parts: GitApiParts): Promise<Response> {
  const { method, path, raw } = context.req;
  const [, name, rest] = /^\/([^/]+)\.git(\/.+)$/.exec(path) ?? [];
  const wanted = rest === "/info/refs" ? context.req.query("service") : rest?.slice(1);
  if (!name || !(wanted === "git-upload-pack" || wanted === "git-receive-pack")) {
    throw new RouteUnknownError(method, path);
  }
  const caller = await parts.authenticator.identify(tokenOnly(context));
  const app = parseAppName(name);
  refuse(caller, app, wanted);
  await openRepository(parts, app, caller, wanted);
  const given = { request: raw, path: `/${app}.git${rest}`, user: caller.name };
  if (rest !== "/git-receive-pack") return runHttpBackend(parts.layout, given);
  const { push, secret } = parts.pushes.open(app, caller);
  const hook = { controlSocket: parts.layout.controlSocket, push: push.id, secret };
  return runHttpBackend(parts.layout, { ...given, hook, onEnd: () => parts.pushes.close(push) });
}

/** A browser's session does not push: cookies would be sent along by any page. */
const tokenOnly = (context: Context): RequestSide =>
  RequestSide.local({ authorization: context.req.header("authorization") ?? "" });

function refuse(caller: Caller, app: AppName, service: Service): void {
  const permission = servicePermissions[service];
  if (!maySomewhere(caller, permission)) {
    throw new ForbiddenError(`The token "${caller.name}" lacks the permission "${permission}"`);
  }
  if (!may(caller, permission, app))
    throw new ForbiddenError(`The token "${caller.name}" is not for the app "${app}"`);
}

async function openRepository(
  parts: GitApiParts,
  app: AppName,
  caller: Caller,
  service: Service,
): Promise<void> {
  if (service === "git-receive-pack") {
    await ensureApp(parts.database, app, { who: caller.name, domain: parts.place.domain });
  }
  const { id } = await getApp(parts.database, app);
  await ensureRepository(parts.layout, app, id);
}
