import {
  contract,
  type Permission,
  type Route,
  type RouteKind,
  type RouteName,
} from "@evenkeel/control/api/contract/index";

export type RouteRow = [
  method: Route["method"],
  path: string,
  permission: Permission,
  kind: RouteKind,
  hasBody: boolean,
];

/** What pages know of the API at run time; the build puts its value in the place of this file. */
export const routeTable = Object.fromEntries(
  Object.entries(contract as Record<string, Route>).map(([name, route]) => [
    name,
    [route.method, route.path, route.permission, route.kind, route.body !== undefined],
  ]),
) as Record<RouteName, RouteRow>;
