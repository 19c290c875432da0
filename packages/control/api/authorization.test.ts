import { afterAll, beforeAll, expect, test } from "bun:test";
import type { TestCluster } from "@evenkeel/postgres";
import {
  contract,
  type GrantablePermission,
  grantablePermissions,
  type Permission,
  type Route,
} from "../client/index.ts";
import { servicePermissions } from "../git/git-api.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";

const limitMs = 60_000;
let cluster: TestCluster;
let control: TestControl;
let deployment: string;
beforeAll(async () => {
  cluster = await startControlCluster();
  control = await TestControl.start(cluster);
  deployment = (await control.deploy("shop")).id;
}, limitMs);
afterAll(async () => {
  await control.stop();
  await cluster.stop();
}, limitMs);

/** What each route asks for, said once more: a change of the contract has to be meant. */
const matrix: Record<string, Permission> = {
  "GET /api/health": "public",
  "GET /api/openapi.json": "public",
  "GET /api/status": "admin",
  "GET /api/tokens": "admin",
  "POST /api/tokens": "admin",
  "POST /api/tokens/:token/rotate": "admin",
  "DELETE /api/tokens/:token": "admin",
  "POST /api/keys/master/rotate": "admin",
  "GET /api/audit": "admin",
  "GET /api/audit/verification": "admin",
  "GET /api/audit/export": "admin",
  "GET /api/protection": "admin",
  "POST /api/protection/backups": "admin",
  "PUT /api/protection/place": "admin",
  "POST /api/protection/key-exports": "admin",
  "GET /api/sign-in": "public",
  "POST /api/sign-in/password": "public",
  "POST /api/sign-in/code": "public",
  "POST /api/sign-in/passkey/question": "public",
  "POST /api/sign-in/passkey": "public",
  "POST /api/join/look": "public",
  "POST /api/join": "public",
  "POST /api/sign-out": "person",
  "GET /api/me": "person",
  "PATCH /api/me": "person",
  "POST /api/me/confirm": "person",
  "POST /api/me/confirm/question": "person",
  "POST /api/me/password": "person",
  "GET /api/me/sessions": "person",
  "DELETE /api/me/sessions/:session": "person",
  "DELETE /api/me/sessions": "person",
  "POST /api/me/codes": "person",
  "POST /api/me/codes/confirm": "person",
  "POST /api/me/codes/recovery": "person",
  "POST /api/me/codes/remove": "person",
  "GET /api/me/passkeys": "person",
  "POST /api/me/passkeys/question": "person",
  "POST /api/me/passkeys": "person",
  "DELETE /api/me/passkeys/:passkey": "person",
  "GET /api/people": "admin",
  "PUT /api/people/:person/roles": "admin",
  "DELETE /api/people/:person": "admin",
  "DELETE /api/people/:person/sessions": "admin",
  "POST /api/invitations": "admin",
  "POST /api/people/:person/reset-link": "admin",
  "DELETE /api/invitations/:invitation": "admin",
  "POST /api/people/owner-link": "admin",
  "POST /api/device-logins": "public",
  "POST /api/device-logins/token": "public",
  "POST /api/device-logins/look": "person",
  "POST /api/device-logins/decide": "person",
  "GET /api/whoami": "anyone",
  "DELETE /api/whoami": "anyone",
  "GET /api/approvals": "read",
  "GET /api/apps/:app/approvals/:approval": "read",
  "POST /api/apps/:app/approvals/:approval/approve": "release",
  "POST /api/apps/:app/approvals/:approval/refuse": "release",
  "GET /api/apps": "read",
  "GET /api/apps/:app": "read",
  "PUT /api/apps/:app": "deploy",
  "PATCH /api/apps/:app": "configure",
  "DELETE /api/apps/:app": "configure",
  "PUT /api/apps/:app/uploads/:sha256": "deploy",
  "POST /api/apps/:app/deployments": "deploy",
  "GET /api/apps/:app/deployments": "read",
  "GET /api/deployments/:deployment": "read",
  "GET /api/deployments/:deployment/progress": "read",
  "POST /api/deployments/:deployment/cancel": "deploy",
  "DELETE /api/deployments/:deployment": "configure",
  "GET /api/deployments/:deployment/logs/build": "read",
  "GET /api/apps/:app/logs": "read",
  "GET /api/apps/:app/signals": "read",
  "GET /api/apps/:app/signals/:signal": "read",
  "GET /api/apps/:app/seconds": "read",
  "GET /metrics": "metrics",
  "GET /api/signals": "admin",
  "GET /api/signals/:signal": "admin",
  "GET /api/apps/:app/logs/stream": "read",
  "GET /api/apps/:app/logs/settings": "read",
  "PATCH /api/apps/:app/logs/settings": "configure",
  "GET /api/apps/:app/drains": "read",
  "POST /api/apps/:app/drains": "configure",
  "DELETE /api/apps/:app/drains/:drain": "configure",
  "POST /api/apps/:app/drains/:drain/test": "configure",
  "GET /api/exports": "admin",
  "POST /api/exports": "admin",
  "DELETE /api/exports/:export": "admin",
  "POST /api/exports/:export/test": "admin",
  "GET /api/apps/:app/releases": "read",
  "POST /api/deployments/:deployment/promote": "release",
  "POST /api/apps/:app/rollback": "release",
  "POST /api/apps/:app/rollback/staged": "release",
  "POST /api/deployments/:deployment/promote/staged": "release",
  "POST /api/deployments/:deployment/condemnation": "release",
  "DELETE /api/deployments/:deployment/condemnation": "release",
  "GET /api/apps/:app/environments/:environment/auto-deploy": "read",
  "POST /api/apps/:app/environments/:environment/auto-deploy/pause": "release",
  "POST /api/apps/:app/environments/:environment/auto-deploy/resume": "release",
  "GET /api/apps/:app/environments/:environment/release-plan": "read",
  "PUT /api/apps/:app/environments/:environment/release-plan": "configure",
  "GET /api/apps/:app/environments/:environment/health": "read",
  "GET /api/apps/:app/environments/:environment/canary": "read",
  "POST /api/apps/:app/environments/:environment/canary/promote": "release",
  "POST /api/apps/:app/environments/:environment/canary/abort": "release",
  "POST /api/apps/:app/environments/:environment/canary/hold": "release",
  "POST /api/apps/:app/environments/:environment/canary/resume": "release",
  "GET /api/apps/:app/domains": "read",
  "POST /api/apps/:app/domains": "configure",
  "DELETE /api/apps/:app/domains/:host": "configure",
  "GET /api/apps/:app/variables": "read",
  "PUT /api/apps/:app/variables": "configure",
  "DELETE /api/apps/:app/variables/:name": "configure",
  "GET /api/apps/:app/variables/changes": "read",
  "POST /api/apps/:app/variables/:name/rotate": "configure",
  "DELETE /api/apps/:app/variables/:name/overlap": "configure",
  "POST /api/apps/:app/variables/reveal": "reveal",
  "GET /api/apps/:app/databases/:environment/migrations": "read",
  "POST /api/apps/:app/databases/:environment/migrations": "deploy",
  "POST /api/apps/:app/databases/:environment/migrations/approvals": "configure",
  "POST /api/apps/:app/databases/:environment/migrations/resolve": "configure",
  "GET /api/apps/:app/processes": "read",
  "PATCH /api/apps/:app/formation": "configure",
  "POST /api/apps/:app/processes/restart": "deploy",
  "POST /api/apps/:app/run": "reveal",
  "POST /api/apps/:app/runs/:run/input": "reveal",
  "GET /api/databases": "admin",
  "GET /api/apps/:app/databases": "read",
  "PUT /api/apps/:app/databases/:environment": "configure",
  "DELETE /api/apps/:app/databases/:environment": "configure",
  "GET /api/apps/:app/databases/:environment/credentials": "configure",
  "POST /api/apps/:app/databases/:environment/backups": "deploy",
  "GET /api/apps/:app/databases/:environment/backups": "read",
  "POST /api/apps/:app/databases/:environment/restore": "configure",
  "PATCH /api/apps/:app/databases/:environment/terms": "configure",
  "GET /api/apps/:app/databases/:environment/upkeep": "read",
  "POST /api/apps/:app/databases/:environment/upkeep/:task": "configure",
  "GET /api/apps/:app/databases/:environment/statements": "configure",
  "GET /api/apps/:app/databases/:environment/size": "read",
  "GET /api/buckets": "admin",
  "GET /api/apps/:app/buckets": "read",
  "PUT /api/apps/:app/buckets/:environment": "configure",
  "DELETE /api/apps/:app/buckets/:environment": "configure",
  "GET /api/apps/:app/buckets/:environment/credentials": "configure",
  "POST /api/apps/:app/buckets/:environment/restore": "configure",
  "GET /api/apps/:app/continuity": "read",
  "GET /api/apps/:app/drills": "read",
  "GET /api/apps/:app/drills/:drill": "read",
  "POST /api/apps/:app/environments/:environment/drills": "deploy",
  "GET /api/apps/:app/failovers": "read",
  "POST /api/apps/:app/databases/:environment/failback": "release",
  "POST /api/apps/:app/databases/:environment/failovers": "release",
  "PUT /api/apps/:app/databases/:environment/standby": "configure",
  "DELETE /api/apps/:app/databases/:environment/standby": "configure",
  "GET /api/apps/:app/flags/:environment": "read",
  "PUT /api/apps/:app/flags/:environment": "configure",
  "PUT /api/apps/:app/flags/:environment/overrides/:flag": "release",
  "DELETE /api/apps/:app/flags/:environment/overrides/:flag": "release",
  "GET /api/apps/:app/flags/:environment/history": "read",
  "POST /api/apps/:app/flags/:environment/rollback": "release",
  "POST /api/apps/:app/databases/:environment/verifications": "deploy",
  "POST /api/apps/:app/databases/:environment/checks": "deploy",
  "PUT /api/apps/:app/databases/:environment/verification-schedule": "configure",
  "GET /api/apps/:app/verifications": "read",
  "GET /api/apps/:app/branches": "read",
  "PUT /api/apps/:app/branches/:branch": "configure",
  "DELETE /api/apps/:app/branches/:branch": "configure",
  "GET /api/apps/:app/branches/:branch/credentials": "configure",
  "DELETE /api/apps/:app/previews/:branch": "configure",
  "GET /api/apps/:app/schedules": "read",
  "PATCH /api/apps/:app/schedules/:schedule": "configure",
  "POST /api/apps/:app/schedules/:schedule/pause": "configure",
  "POST /api/apps/:app/schedules/:schedule/resume": "configure",
  "GET /api/apps/:app/schedules/:schedule/runs": "read",
  "POST /api/apps/:app/schedules/:schedule/runs": "deploy",
  "GET /api/apps/:app/schedules/:schedule/runs/:run": "read",
  "GET /api/apps/:app/environments/:environment/runbook": "read",
  "GET /api/apps/:app/environments/:environment/runbook/decisions": "read",
  "POST /api/apps/:app/environments/:environment/runbook/simulate": "read",
  "GET /api/apps/:app/traces/:environment": "read",
  "GET /api/traces/:trace": "read",
  "GET /api/apps/:app/analytics/:environment": "read",
  "GET /api/apps/:app/vitals/:environment": "read",
  "GET /api/apps/:app/telemetry/:environment": "read",
  "GET /api/apps/:app/cost/:environment": "read",
  "PUT /api/apps/:app/budgets/:environment/:kind": "configure",
  "DELETE /api/apps/:app/budgets/:environment/:kind": "configure",
  "GET /api/prices": "admin",
  "PUT /api/prices": "admin",
  "POST /api/pushes/:push/refs": "push",
  "GET /api/events": "read",
  "GET /api/overview": "read",
  "GET /api/incidents": "read",
  "GET /api/apps/:app/channels": "read",
  "POST /api/apps/:app/channels": "configure",
  "DELETE /api/apps/:app/channels/:channel": "configure",
  "POST /api/apps/:app/channels/:channel/test": "configure",
  "GET /api/apps/:app/notifications": "read",
  "GET /api/channels": "admin",
  "GET /api/apps/:app/environments/:environment/mode": "read",
  "PUT /api/apps/:app/environments/:environment/mode": "release",
  "DELETE /api/apps/:app/environments/:environment/mode": "release",
  "GET /api/apps/:app/status-page": "read",
  "PUT /api/apps/:app/status-page": "configure",
  "POST /api/apps/:app/maintenances": "release",
  "DELETE /api/apps/:app/maintenances/:maintenance": "release",
  "POST /api/channels": "admin",
  "DELETE /api/channels/:channel": "admin",
  "POST /api/channels/:channel/test": "admin",
  "GET /api/notifications": "admin",
  "GET /api/incidents/:incident": "read",
  "POST /api/apps/:app/incidents": "release",
  "POST /api/incidents/:incident/acknowledge": "release",
  "POST /api/incidents/:incident/updates": "release",
  "POST /api/incidents/:incident/resolve": "release",
  "GET /api/incidents/:incident/report": "read",
};

const routes = Object.values(contract) as Route[];

/** A request that is turned down before its content matters, or fails on it: what counts is 401 and 403. */
async function status(route: Route, token: string | undefined, app = "shop"): Promise<number> {
  const path = route.path.replace(
    /:(\w+)/g,
    (_, name) =>
      ({ app, deployment, push: "none", environment: "production", incident: "1" })[name as string] ?? "x",
  );
  const response = await fetch(`http://localhost${path}`, {
    method: route.method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    unix: control.layout.controlSocket,
    ...(route.method === "GET" || route.method === "DELETE" ? {} : { body: "not json" }),
  });
  await response.body?.cancel();
  return response.status;
}

const tokenFor = async (permissions: GrantablePermission[], apps?: string[]) =>
  (
    await control
      .client()
      .createToken({ name: permissions.join("+"), permissions, ...(apps ? { apps } : {}) })
  ).secret;

test("every route stands in the authorization matrix with its permission, and is served", () => {
  expect(
    Object.fromEntries(routes.map((route) => [`${route.method} ${route.path}`, route.permission])),
  ).toEqual(matrix);
  expect(servicePermissions).toEqual({ "git-upload-pack": "read", "git-receive-pack": "deploy" });
});

test(
  "a route answers 401 without a valid token and 403 without its permission",
  async () => {
    for (const route of routes) {
      if (route.permission === "public") continue;
      expect([route.path, await status(route, undefined)]).toEqual([route.path, 401]);
      expect([route.path, await status(route, `evk_admin_${"a".repeat(32)}`)]).toEqual([route.path, 401]);
      if (route.permission === "push") {
        expect(await status(route, control.adminToken)).toBe(401);
        continue;
      }
      if (route.permission === "anyone") continue;
      if (route.permission === "person") {
        expect([route.path, await status(route, control.adminToken)]).toEqual([route.path, 403]);
        continue;
      }
      const lacking = grantablePermissions.filter((permission) => permission !== route.permission);
      expect([route.path, await status(route, await tokenFor([...lacking]))]).toEqual([route.path, 403]);
    }
  },
  limitMs,
);

test(
  "a token with the permission reaches the route, and one for another app does not",
  async () => {
    await control.client().ensureApp({ app: "other" });
    for (const route of routes.filter(
      ({ method, permission }) => method === "GET" && permission === "read",
    )) {
      expect([route.path, await status(route, await tokenFor(["read"], ["shop"]))]).toEqual([
        route.path,
        // The app has no database, no schedule, no runbook, no traces, no incident and no drill.
        /:trace|:incident|:approval|:drill|databases\/:environment|:schedule|runbook$/.test(route.path)
          ? 404
          : 200,
      ]);
      // They show what is the caller's.
      if (
        ["/api/apps", "/api/approvals", "/api/events", "/api/incidents", "/api/overview"].includes(route.path)
      )
        continue;
      const foreign = await status(route, await tokenFor(["read"], ["other"]));
      expect([route.path, foreign]).toEqual([route.path, route.path.includes(":app") ? 403 : 404]);
    }
    const narrow = control.client(await tokenFor(["read", "admin"], ["other"]));
    expect((await narrow.listApps()).apps.map((app) => app.name as string)).toEqual(["other"]);
    await expect(narrow.listTokens()).rejects.toMatchObject({ code: "forbidden" });
  },
  limitMs,
);

test(
  "a revoked or expired token is worth nothing, and no secret is ever shown again",
  async () => {
    const client = control.client();
    const { id, secret } = await client.createToken({ name: "ci", permissions: ["read"] });
    expect((await control.client(secret).listApps()).apps.length).toBeGreaterThan(0);
    expect(JSON.stringify(await client.listTokens())).not.toContain(secret);
    await client.revokeToken({ token: id });
    await expect(control.client(secret).listApps()).rejects.toMatchObject({
      code: "unauthenticated",
      status: 401,
    });
    await expect(client.revokeToken({ token: id })).rejects.toMatchObject({ code: "token_unknown" });
    const past = await client.createToken({ name: "old", permissions: ["read"], expiresAtMs: 1 });
    await expect(control.client(past.secret).listApps()).rejects.toMatchObject({ code: "unauthenticated" });
  },
  limitMs,
);
