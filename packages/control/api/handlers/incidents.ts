import { getApp } from "../../apps/app-store.ts";
import { IncidentUnknownError } from "../../errors.ts";
import { actorOf } from "../../incidents/actor.ts";
import { incidentReport } from "../../incidents/incident-report.ts";
import { may, visibleApps } from "../../people/capabilities.ts";
import type { Caller } from "../../tokens/caller.ts";
import type { GrantablePermission, incidentRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function incidentHandlers({
  database,
  incidents,
  signals,
}: ControlParts): HandlersOf<typeof incidentRoutes> {
  /** As if it did not exist for callers that may not see its app. */
  const seen = async (id: number, caller: Caller, permission: GrantablePermission = "read") => {
    const incident = await incidents.get(id);
    if (!may(caller, permission, incident.app)) throw new IncidentUnknownError(id);
    return incident;
  };
  return {
    async listIncidents({ query: { app, ...filter }, caller }) {
      const visible = visibleApps(caller);
      const own = visible && [...visible];
      const apps = app === undefined ? own : own && !own.includes(app) ? [] : [app];
      return { incidents: await incidents.list({ ...filter, apps }) };
    },
    getIncident: ({ params, caller }) => seen(params.incident, caller),
    async openIncident({ params: { app }, body, caller }) {
      await getApp(database, app);
      return incidents.open(app, body, actorOf(caller));
    },
    async acknowledgeIncident({ params, body, caller }) {
      await seen(params.incident, caller, "release");
      return incidents.acknowledge(params.incident, actorOf(caller), body);
    },
    async updateIncident({ params, body, caller }) {
      await seen(params.incident, caller, "release");
      return incidents.update(params.incident, actorOf(caller), body);
    },
    async resolveIncident({ params, body, caller }) {
      await seen(params.incident, caller, "release");
      return incidents.resolve(params.incident, actorOf(caller), body);
    },
    async reportIncident({ params, caller }) {
      return { markdown: await incidentReport(await seen(params.incident, caller), { database, signals }) };
    },
  };
}
