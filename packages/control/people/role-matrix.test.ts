import { afterAll, beforeAll, expect, test } from "bun:test";
import type { AppName } from "@evenkeel/model";
import type { TestCluster } from "@evenkeel/postgres";
import { authorize, narrows } from "../api/authorize.ts";
import { contract, type Route } from "../api/contract/index.ts";
import { RequestSide } from "../api/request-side.ts";
import { PushRegistry } from "../git/push-registry.ts";
import { type BrowserSession, joinAs, joinAsOwner } from "../testing/browser-session.ts";
import { startControlCluster, TestControl } from "../testing/test-control.ts";
import { AdminToken } from "../tokens/admin-token.ts";
import { Authenticator } from "../tokens/authenticator.ts";
import { capabilitiesOf, may, maySomewhere, type RoleGrant, roles } from "./capabilities.ts";

const limitMs = 120_000;
const routes = Object.values(contract) as Route[];
const shop = "shop" as AppName;
const other = "other" as AppName;
/** Every role on all apps, on one, and on another one; both; and none at all. */
const subjects: { name: string; grants: RoleGrant[] }[] = [
  { name: "nothing", grants: [] },
  ...roles.flatMap((role) => [
    { name: `${role} of all`, grants: [{ role }] },
    { name: `${role} of shop`, grants: [{ app: shop, role }] },
    { name: `${role} of other`, grants: [{ app: other, role }] },
  ]),
  { name: "viewer of all, owner of shop", grants: [{ role: "viewer" }, { app: shop, role: "owner" }] },
];

let cluster: TestCluster;
let control: TestControl;
let deployment: string;
const sessions = new Map<string, BrowserSession>();
beforeAll(async () => {
  cluster = await startControlCluster();
  control = await TestControl.start(cluster);
  deployment = (await control.deploy("shop")).id;
  await control.client().ensureApp({ app: "other" });
  await joinAsOwner(control);
  for (const [at, { name, grants }] of subjects.entries())
    sessions.set(name, await joinAs(control, `subject${at}@example.com`, grants));
}, limitMs);
afterAll(async () => {
  await control.stop();
  await cluster.stop();
}, limitMs);

/** What the capability table says of somebody asking for a route of the app `shop`. */
function expected(route: Route, grants: RoleGrant[]): "reached" | "refused" {
  const who = capabilitiesOf(grants);
  const { permission, path } = route;
  const isAllowed = () => {
    if (permission === "public" || permission === "anyone" || permission === "person") return true;
    if (permission === "push") return false;
    if (/:(app|deployment)\b/.test(path)) return may(who, permission, shop);
    return narrows.has(path) ? maySomewhere(who, permission) : may(who, permission);
  };
  return isAllowed() ? "reached" : "refused";
}

const values = (): Record<string, string> => ({ app: "shop", deployment, environment: "production" });
const filled = ({ path }: Route): string =>
  path.replace(/:(\w+)/g, (_, name) => values()[name as string] ?? "none");

/** Asked of the rule that the server asks: what is allowed is not carried out here. */
async function decided(route: Route, browser: BrowserSession): Promise<"reached" | "refused"> {
  const { database } = control.control!.parts;
  const authenticator = new Authenticator(
    new AdminToken(control.layout.apiToken),
    database,
    control.control!.parts.people.sessions,
  );
  const params = Object.fromEntries(
    [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => [name!, values()[name!] ?? "none"]),
  );
  const request = new RequestSide(browser.request(route.method, filled(route)));
  return authorize({ authenticator, database, pushes: new PushRegistry() }, route, params, request).then(
    () => "reached" as const,
    () => "refused" as const,
  );
}

test("every route has a rule that the capability table knows", () => {
  const known = new Set([
    "public",
    "anyone",
    "person",
    "push",
    ...roles.flatMap((role) => [...capabilitiesOf([{ role }]).permissions]),
  ]);
  expect(routes.filter(({ permission }) => !known.has(permission))).toEqual([]);
});

for (const { name, grants } of subjects) {
  test(
    `who has ${name} reaches exactly the routes that the capability table says`,
    async () => {
      const browser = sessions.get(name)!;
      for (const route of routes) {
        const what = `${route.method} ${route.path}`;
        const wanted = expected(route, grants);
        expect([what, await decided(route, browser)]).toEqual([what, wanted]);
        if (wanted === "reached") continue;
        const { status } = await browser.send(route.method, filled(route));
        // An app's deployments are not there for who has nothing to do with it.
        expect([what, [401, 403, 404].includes(status)]).toEqual([what, true]);
        if (status !== 403)
          expect([what, route.permission === "push" || route.path.includes(":deployment")]).toEqual([
            what,
            true,
          ]);
      }
    },
    limitMs,
  );
}
