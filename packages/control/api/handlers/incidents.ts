import { getApp } from "../../apps/app-store.ts";
import { IncidentUnknownError } from "../../errors.ts";
import { actorOf } from "../../incidents/actor.ts";
import { incidentReport } from "../../incidents/incident-report.ts";
import { type Caller, mayTouch } from "../../tokens/caller.ts";
import type { incidentRoutes } from "../contract/index.ts";
import type { HandlersOf } from "../handler.ts";
import type { ControlParts } from "./control-parts.ts";

export function incidentHandlers({
  database,
  incidents,
  signals,
}: ControlParts): HandlersOf<typeof incidentRoutes> {
  /** As if it did not exist for callers that may not see its app. */
  const seen = async (id: number, caller: Caller) => {
    const incident = await incidents.get(id);
    const isTheirs = incident.app === undefined ? caller.apps === undefined : mayTouch(caller, incident.app);
    if (!isTheirs) throw new IncidentUnknownError(id);
    return incident;
  };
  return {
    async listIncidents({ query: { app, ...filter }, caller }) {
      const own = caller.apps && [...caller.apps];
      const apps = app === undefined ? own : own && !own.includes(app) ? [] : [app];
      return { incidents: await incidents.list({ ...filter, apps }) };
    },
    getIncident: ({ params, caller }) => seen(params.incident, caller),
    async openIncident({ params: { app }, body, caller }) {
      await getApp(database, app);
      return incidents.open(app, body, actorOf(caller));
    },
    async acknowledgeIncident({ params, body, caller }) {
      await seen(params.incident, caller);
      return incidents.acknowledge(params.incident, actorOf(caller), body);
    },
    async updateIncident({ params, body, caller }) {
      await seen(params.incident, caller);
      return incidents.update(params.incident, actorOf(caller), body);
    },
    async resolveIncident({ params, body, caller }) {
      await seen(params.incident, caller);
      return incidents.resolve(params.incident, actorOf(caller), body);
    },
    async reportIncident({ params, caller }) {
      return { markdown: await incidentReport(await seen(params.incident, caller), { database, signals }) };
    },
  };
}
