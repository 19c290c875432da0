/** What a status page shows at a moment. Plain data. */
export interface StatusModel {
  /** Name of the page: an app, or of the joint one. */
  title: string;
  /** Absent: the joint page. */
  app?: string;
  /** `http://status.localhost:7080/shop`, without a slash at the end. */
  url: string;
  asOfMs: number;
  components: StatusComponent[];
  /** Newest first: unresolved ones, and those of the last two weeks. */
  incidents: StatusIncident[];
  maintenances: StatusMaintenance[];
  createdAtMs: number;
}

export type ComponentState =
  | "operational"
  | "degraded_performance"
  | "partial_outage"
  | "major_outage"
  | "under_maintenance";

export interface StatusComponent {
  /** `shop.web` */
  id: string;
  name: string;
  /** Of the joint page: whose it is. */
  group?: string;
  state: ComponentState;
  /** Oldest first; the last one is today. */
  days: StatusDay[];
}

export interface StatusDay {
  /** `2026-11-21` */
  date: string;
  /** Share that was well, 0 to 1; absent: nothing is known. */
  up?: number;
}

export interface StatusIncident {
  id: number;
  app: string;
  title: string;
  impact: "minor" | "major" | "critical";
  phase: "investigating" | "identified" | "monitoring" | "resolved";
  componentIds: string[];
  openedAtMs: number;
  updatedAtMs: number;
  resolvedAtMs?: number;
  /** Newest first. */
  updates: { id: number; phase: string; text: string; atMs: number }[];
}

export interface StatusMaintenance {
  id: number;
  app: string;
  title: string;
  text: string;
  state: "scheduled" | "in_progress" | "completed";
  componentIds: string[];
  startsAtMs: number;
  endsAtMs: number;
  createdAtMs: number;
}

export interface Overall {
  indicator: "none" | "minor" | "major" | "critical" | "maintenance";
  text: string;
}

const gravity: Record<ComponentState, number> = {
  ...{ operational: 0, under_maintenance: 1, degraded_performance: 2, partial_outage: 3, major_outage: 4 },
};

/** As Statuspage sums it up. Pure. */
export function overallOf({ components }: Pick<StatusModel, "components">): Overall {
  const worst = Math.max(0, ...components.map(({ state }) => gravity[state]));
  const all = components.length > 0 && components.every(({ state }) => state === "major_outage");
  if (worst === 4)
    return { indicator: "critical", text: all ? "Major system outage" : "Outage of parts of the system" };
  if (worst === 3) return { indicator: "major", text: "Partial system outage" };
  if (worst === 2) return { indicator: "minor", text: "Degraded performance" };
  if (worst === 1) return { indicator: "maintenance", text: "Under maintenance" };
  return { indicator: "none", text: "All systems operational" };
}

export const componentName = (component: string): string =>
  ({ web: "Website", database: "Database", schedules: "Scheduled jobs" })[component] ??
  component.charAt(0).toUpperCase() + component.slice(1).replace(/[_.:-]+/g, " ");
