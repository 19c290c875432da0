import type { AppName } from "@evenkeel/model";
import type { GrantablePermission } from "../api/contract/route.ts";

/**
 * The one table of who may do what, for the API and for the console: what a route asks for stands in the contract, what a role has stands here. No
 * I/O, and nothing that a browser does not have.
 */
export const rolePermissions = {
  /** Sees everything but secrets. */
  viewer: ["read", "metrics"],
  /** Runs the apps: deploys, releases, rolls back, sets variables and settings. */
  operator: ["read", "metrics", "deploy", "release", "configure"],
  /** Sees secrets, too; and of the whole platform: people, tokens, the audit log, backups. */
  owner: ["read", "metrics", "deploy", "release", "configure", "reveal", "admin"],
} as const satisfies Record<string, readonly GrantablePermission[]>;

export type Role = keyof typeof rolePermissions;
export const roles = Object.keys(rolePermissions) as [Role, ...Role[]];

/** A role on one app, or on all and the platform itself. */
export interface RoleGrant {
  /** Absent: all. */
  app?: AppName;
  role: Role;
}

/** What somebody may do everywhere, and beside that on single apps. */
export interface Capabilities {
  permissions: ReadonlySet<GrantablePermission>;
  onApps: ReadonlyMap<AppName, ReadonlySet<GrantablePermission>>;
}

/** Of no app's: who owns one app does not own the platform. */
const platformOnly: ReadonlySet<GrantablePermission> = new Set(["admin"]);

export function capabilitiesOf(grants: readonly RoleGrant[]): Capabilities {
  const permissions = new Set<GrantablePermission>();
  const onApps = new Map<AppName, Set<GrantablePermission>>();
  for (const { app, role } of grants) {
    if (app === undefined) for (const permission of rolePermissions[role]) permissions.add(permission);
    else onApps.set(app, new Set(withoutPlatform(rolePermissions[role])));
  }
  return { permissions, onApps };
}

/** Permissions that are limited to apps. */
export const limitedTo = (
  apps: readonly AppName[],
  permissions: readonly GrantablePermission[],
): Capabilities => ({
  permissions: new Set(),
  onApps: new Map(apps.map((app) => [app, new Set(withoutPlatform(permissions))])),
});

/** What both have: a token of a person can do no more than that person. */
export function bothOf(one: Capabilities, other: Capabilities): Capabilities {
  const has = ({ permissions, onApps }: Capabilities, permission: GrantablePermission, app: AppName) =>
    permissions.has(permission) || (onApps.get(app)?.has(permission) ?? false);
  const permissions = new Set([...one.permissions].filter((permission) => other.permissions.has(permission)));
  const apps = new Set([...one.onApps.keys(), ...other.onApps.keys()]);
  const all = new Set<GrantablePermission>(rolePermissions.owner);
  return {
    permissions,
    onApps: new Map(
      [...apps].map((app) => [
        app,
        new Set(withoutPlatform([...all].filter((each) => has(one, each, app) && has(other, each, app)))),
      ]),
    ),
  };
}

/** @param app absent: on all apps and the platform itself */
export const may = (who: Capabilities, permission: GrantablePermission, app?: AppName): boolean =>
  who.permissions.has(permission) || (app !== undefined && (who.onApps.get(app)?.has(permission) ?? false));

/** On one app at least. */
export const maySomewhere = (who: Capabilities, permission: GrantablePermission): boolean =>
  who.permissions.has(permission) || [...who.onApps.values()].some((each) => each.has(permission));

/** Those on which somebody may do this. Undefined: all. */
export const visibleApps = (
  who: Capabilities,
  permission: GrantablePermission = "read",
): ReadonlySet<AppName> | undefined =>
  who.permissions.has(permission)
    ? undefined
    : new Set([...who.onApps].flatMap(([app, permissions]) => (permissions.has(permission) ? [app] : [])));

const withoutPlatform = (permissions: readonly GrantablePermission[]): GrantablePermission[] =>
  permissions.filter((permission) => !platformOnly.has(permission));
