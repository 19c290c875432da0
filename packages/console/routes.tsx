import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { OverviewPage } from "./pages/overview/overview-page.tsx";
import { SignInPage } from "./pages/sign-in/sign-in-page.tsx";
import { Broken, Lost } from "./shell/lost.tsx";
import { Shell } from "./shell/shell.tsx";

/** The map of the console: every address, and the page that it shows. Pages but the first are loaded when they are opened. */
const root = createRootRoute({ component: Outlet, notFoundComponent: Lost });

const signIn = createRoute({
  ...{ getParentRoute: () => root, path: "/sign-in", component: SignInPage },
  validateSearch: (search): { back?: string } => text(search, "back"),
});

const join = createRoute({
  ...{ getParentRoute: () => root, path: "/join" },
  component: lazyRouteComponent(() => import("./pages/join/join-page.tsx"), "JoinPage"),
});

const shell = createRoute({ getParentRoute: () => root, id: "shell", component: Shell });
const atShell = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => shell, path, component });

const overview = createRoute({
  ...{ getParentRoute: () => shell, path: "/", component: OverviewPage },
  validateSearch: (search): { q?: string } => text(search, "q"),
});
const incidents = createRoute({
  ...{ getParentRoute: () => shell, path: "/incidents" },
  component: lazyRouteComponent(() => import("./pages/incidents/incidents-page.tsx"), "IncidentsPage"),
  validateSearch: (search): { state?: string } => text(search, "state"),
});
const incident = createRoute({
  ...{ getParentRoute: () => shell, path: "/incidents/$incident" },
  component: lazyRouteComponent(() => import("./pages/incidents/incident-page.tsx"), "IncidentPage"),
});
const people = atShell(
  "/people",
  lazyRouteComponent(() => import("./pages/people/people-page.tsx"), "PeoplePage"),
);
const me = atShell(
  "/me",
  lazyRouteComponent(() => import("./pages/me/me-page.tsx"), "MePage"),
);
const approvals = atShell(
  "/approvals",
  lazyRouteComponent(() => import("./pages/approvals/approvals-page.tsx"), "ApprovalsPage"),
);
const audit = atShell(
  "/audit",
  lazyRouteComponent(() => import("./pages/audit/audit-page.tsx"), "AuditPage"),
);
const settings = atShell(
  "/settings",
  lazyRouteComponent(() => import("./pages/settings/settings-page.tsx"), "SettingsPage"),
);

const app = createRoute({
  ...{ getParentRoute: () => shell, path: "/apps/$app" },
  validateSearch: (search): { env?: string; q?: string; branch?: string } => ({
    ...text(search, "env"),
    ...text(search, "q"),
    ...text(search, "branch"),
  }),
});
const appIndex = createRoute({
  ...{ getParentRoute: () => app, path: "/" },
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/apps/$app/deployments", params, replace: true });
  },
});
const deployments = createRoute({
  ...{ getParentRoute: () => app, path: "/deployments" },
  component: lazyRouteComponent(() => import("./pages/deployments/deployments-page.tsx"), "DeploymentsPage"),
});
const deployment = createRoute({
  ...{ getParentRoute: () => app, path: "/deployments/$deployment" },
  component: lazyRouteComponent(() => import("./pages/deployments/deployment-page.tsx"), "DeploymentPage"),
});
const releases = createRoute({
  ...{ getParentRoute: () => app, path: "/releases" },
  component: lazyRouteComponent(() => import("./pages/releases/releases-page.tsx"), "ReleasesPage"),
});
const traffic = createRoute({
  ...{ getParentRoute: () => app, path: "/traffic" },
  component: lazyRouteComponent(() => import("./pages/traffic/traffic-page.tsx"), "TrafficPage"),
});
const vitals = createRoute({
  ...{ getParentRoute: () => app, path: "/vitals" },
  component: lazyRouteComponent(() => import("./pages/vitals/vitals-page.tsx"), "VitalsPage"),
});
const logs = createRoute({
  ...{ getParentRoute: () => app, path: "/logs" },
  component: lazyRouteComponent(() => import("./pages/logs/logs-page.tsx"), "LogsPage"),
});
const runbook = createRoute({
  ...{ getParentRoute: () => app, path: "/runbook" },
  component: lazyRouteComponent(() => import("./pages/runbook/runbook-page.tsx"), "RunbookPage"),
});
const database = createRoute({
  ...{ getParentRoute: () => app, path: "/database" },
  component: lazyRouteComponent(() => import("./pages/database/database-page.tsx"), "DatabasePage"),
});
const drills = createRoute({
  ...{ getParentRoute: () => app, path: "/drills" },
  component: lazyRouteComponent(() => import("./pages/drills/drills-page.tsx"), "DrillsPage"),
});
const storage = createRoute({
  ...{ getParentRoute: () => app, path: "/storage" },
  component: lazyRouteComponent(() => import("./pages/storage/storage-page.tsx"), "StoragePage"),
});
const variables = createRoute({
  ...{ getParentRoute: () => app, path: "/variables" },
  component: lazyRouteComponent(() => import("./pages/variables/variables-page.tsx"), "VariablesPage"),
});
const flags = createRoute({
  ...{ getParentRoute: () => app, path: "/flags" },
  component: lazyRouteComponent(() => import("./pages/flags/flags-page.tsx"), "FlagsPage"),
});
const schedules = createRoute({
  ...{ getParentRoute: () => app, path: "/schedules" },
  component: lazyRouteComponent(() => import("./pages/schedules/schedules-page.tsx"), "SchedulesPage"),
});
const services = createRoute({
  ...{ getParentRoute: () => app, path: "/services" },
  component: lazyRouteComponent(() => import("./pages/services/services-page.tsx"), "ServicesPage"),
});
const domains = createRoute({
  ...{ getParentRoute: () => app, path: "/domains" },
  component: lazyRouteComponent(() => import("./pages/domains/domains-page.tsx"), "DomainsPage"),
});
const cost = createRoute({
  ...{ getParentRoute: () => app, path: "/cost" },
  component: lazyRouteComponent(() => import("./pages/cost/cost-page.tsx"), "CostPage"),
});
const appSettings = createRoute({
  ...{ getParentRoute: () => app, path: "/settings" },
  component: lazyRouteComponent(
    () => import("./pages/app-settings/app-settings-page.tsx"),
    "AppSettingsPage",
  ),
});

const tree = root.addChildren([
  signIn,
  join,
  shell.addChildren([
    ...[overview, incidents, incident, approvals, people, me, audit, settings],
    app.addChildren([
      ...[appIndex, deployments, deployment, releases, traffic, vitals, logs, runbook, database, storage],
      ...[drills, variables, flags, schedules, services, domains, cost, appSettings],
    ]),
  ]),
]);

/** A parameter of the address that is text, if it is there. */
function text<Key extends string>(search: Record<string, unknown>, key: Key): { [name in Key]?: string } {
  const value = search[key];
  return (value === undefined ? {} : { [key]: String(value) }) as { [name in Key]?: string };
}

export const makeRouter = () =>
  createRouter({
    ...{ routeTree: tree, defaultPreload: "intent" as const, scrollRestoration: true },
    ...{ defaultErrorComponent: Broken, defaultPendingMinMs: 0 },
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
