import type { LinkProps } from "@tanstack/react-router";
import type { IconName } from "../kit/icon.tsx";

export interface Section {
  name: string;
  to: NonNullable<LinkProps["to"]>;
  icon: IconName;
}

/** Of the whole platform. */
export const platformSections: Section[] = [
  { name: "Apps", to: "/", icon: "apps" },
  { name: "Incidents", to: "/incidents", icon: "alert" },
  { name: "Approvals", to: "/approvals", icon: "approve" },
  { name: "People", to: "/people", icon: "people" },
  { name: "Audit", to: "/audit", icon: "audit" },
  { name: "Platform", to: "/settings", icon: "settings" },
];

/** Of one app. */
export const appSections: { name: string; sections: Section[] }[] = [
  {
    name: "Deploy",
    sections: [
      { name: "Deployments", to: "/apps/$app/deployments", icon: "rocket" },
      { name: "Releases", to: "/apps/$app/releases", icon: "release" },
    ],
  },
  {
    name: "Observe",
    sections: [
      { name: "Traffic", to: "/apps/$app/traffic", icon: "chart" },
      { name: "Vitals", to: "/apps/$app/vitals", icon: "gauge" },
      { name: "Logs", to: "/apps/$app/logs", icon: "lines" },
      { name: "Runbook", to: "/apps/$app/runbook", icon: "book" },
    ],
  },
  {
    name: "Data",
    sections: [
      { name: "Database", to: "/apps/$app/database", icon: "database" },
      { name: "Drills", to: "/apps/$app/drills", icon: "drill" },
      { name: "Storage", to: "/apps/$app/storage", icon: "box" },
    ],
  },
  {
    name: "Configure",
    sections: [
      { name: "Variables", to: "/apps/$app/variables", icon: "key" },
      { name: "Flags", to: "/apps/$app/flags", icon: "flag" },
      { name: "Schedules", to: "/apps/$app/schedules", icon: "clock" },
      { name: "Services", to: "/apps/$app/services", icon: "server" },
      { name: "Domains", to: "/apps/$app/domains", icon: "globe" },
      { name: "Cost", to: "/apps/$app/cost", icon: "coin" },
      { name: "Settings", to: "/apps/$app/settings", icon: "settings" },
    ],
  },
];
