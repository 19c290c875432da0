import {
  overallOf,
  type StatusComponent,
  type StatusIncident,
  type StatusMaintenance,
  type StatusModel,
} from "./status-model.ts";

/**
 * Files of a page as Atlassian Statuspage's API gives them, by their paths: https://developer.statuspage.io, and `/api/v2` of any page there. Pure.
 */
export function statusJson(model: StatusModel): Record<string, unknown> {
  const { components, incidents, maintenances } = model;
  const page = {
    ...{ id: model.app ?? "evenkeel", name: model.title, url: model.url, time_zone: "Etc/UTC" },
    updated_at: time(model.asOfMs),
  };
  const { indicator, text } = overallOf(model);
  const status = { indicator, description: text };
  const listed = components.map((component, index) => componentJson(component, page.id, index, model));
  const incident = (each: StatusIncident) => incidentJson(each, page.id, listed);
  const maintenance = (each: StatusMaintenance) => maintenanceJson(each, page.id, listed);
  const unresolved = incidents.filter(({ phase }) => phase !== "resolved").map(incident);
  const coming = maintenances.filter(({ state }) => state === "scheduled").map(maintenance);
  const active = maintenances.filter(({ state }) => state === "in_progress").map(maintenance);
  return {
    "api/v2/summary.json": {
      ...{ page, components: listed, incidents: unresolved, status },
      scheduled_maintenances: [...active, ...coming],
    },
    "api/v2/status.json": { page, status },
    "api/v2/components.json": { page, components: listed },
    "api/v2/incidents.json": { page, incidents: incidents.map(incident) },
    "api/v2/incidents/unresolved.json": { page, incidents: unresolved },
    "api/v2/scheduled-maintenances.json": { page, scheduled_maintenances: maintenances.map(maintenance) },
    "api/v2/scheduled-maintenances/upcoming.json": { page, scheduled_maintenances: coming },
    "api/v2/scheduled-maintenances/active.json": { page, scheduled_maintenances: active },
  };
}

const time = (ms: number): string => new Date(ms).toISOString();

const componentJson = (
  { id, name, group, state, days }: StatusComponent,
  page: string,
  index: number,
  model: StatusModel,
) => ({
  ...{ id, name: group === undefined ? name : `${group}: ${name}`, status: state },
  ...{ created_at: time(model.createdAtMs), updated_at: time(model.asOfMs), position: index + 1 },
  ...{ description: null, showcase: true, start_date: days[0]?.date ?? null, group_id: null, page_id: page },
  ...{ group: false, only_show_if_degraded: false },
});

function incidentJson(incident: StatusIncident, page: string, components: { id: string }[]) {
  const { id, title, phase, impact, openedAtMs, updatedAtMs, resolvedAtMs, updates } = incident;
  return {
    ...{ id: String(id), name: title, status: phase, impact, page_id: page, shortlink: null },
    ...{ created_at: time(openedAtMs), started_at: time(openedAtMs), updated_at: time(updatedAtMs) },
    ...{ monitoring_at: null, resolved_at: resolvedAtMs === undefined ? null : time(resolvedAtMs) },
    incident_updates: updates.map((update) => ({
      ...{ id: String(update.id), incident_id: String(id), status: update.phase, body: update.text },
      ...{ created_at: time(update.atMs), display_at: time(update.atMs), updated_at: time(update.atMs) },
      ...{ affected_components: null, deliver_notifications: true },
    })),
    components: components.filter((component) => incident.componentIds.includes(component.id)),
  };
}

function maintenanceJson(maintenance: StatusMaintenance, page: string, components: { id: string }[]) {
  const { id, title, text, state, startsAtMs, endsAtMs, createdAtMs } = maintenance;
  return {
    ...{ id: `m${id}`, name: title, status: state, impact: "maintenance", page_id: page, shortlink: null },
    ...{ created_at: time(createdAtMs), updated_at: time(createdAtMs), monitoring_at: null },
    ...{ resolved_at: state === "completed" ? time(endsAtMs) : null },
    ...{ scheduled_for: time(startsAtMs), scheduled_until: time(endsAtMs) },
    incident_updates: [
      {
        ...{ id: `m${id}-1`, incident_id: `m${id}`, status: state, body: text },
        ...{ created_at: time(createdAtMs), display_at: time(createdAtMs), updated_at: time(createdAtMs) },
      },
    ],
    components: components.filter((component) => maintenance.componentIds.includes(component.id)),
  };
}
