import type { Incident, IncidentInFull } from "@evenkeel/control";
import { formatDuration } from "@evenkeel/model";
import { formatAge, formatTable } from "../../output/table.ts";

export const incidentTable = (incidents: Incident[]): string =>
  formatTable(
    ["id", "severity", "app", "state", "began", "lasted", "title"],
    incidents.map((incident) => [
      ...[String(incident.id), incident.severity, whereOf(incident), stateOf(incident)],
      ...[formatAge(incident.beganAtMs), lastedOf(incident), incident.title],
    ]),
  );

export const summarizeIncident = (incident: Incident): string =>
  `Incident ${incident.id} (${incident.severity}, ${whereOf(incident)}) is ${stateOf(incident)}: ${incident.title}`;

export function describeIncident(incident: IncidentInFull): string {
  const { suspect, causes, timeline, components, revision, followUps } = incident;
  const lines = [
    summarizeIncident(incident),
    `  began      ${new Date(incident.beganAtMs).toISOString()}, noticed after ${formatDuration(Math.max(0, incident.openedAtMs - incident.beganAtMs))}`,
    `  components ${components.join(", ") || "–"}`,
    ...(incident.acknowledgedBy ? [`  sees to it ${incident.acknowledgedBy.name}`] : []),
    ...(suspect ? [`  suspected  release v${suspect.release}, ${suspect.deployment}`] : []),
    `  revision   ${revision}`,
    "",
    formatTable(
      ["cause", "told", "state", ""],
      causes.map(({ key, reports, recoveredAtMs, title }) => [
        ...[key, `${reports} ×`, recoveredAtMs === undefined ? "holds" : "over", title],
      ]),
    ),
    "",
    ...timeline.map(
      ({ atMs, actor, message }) =>
        `${new Date(atMs).toISOString().slice(11, 19)}  ${actor.name.padEnd(14)}  ${message.replace(/\n/g, "\n                          ")}`,
    ),
    ...(followUps.length > 0 ? ["", "Follow-ups:", ...followUps.map((text) => `- ${text}`)] : []),
  ];
  return lines.join("\n");
}

const whereOf = ({ app, environment }: Incident): string =>
  app === undefined ? "the platform" : environment === "production" ? app : `${app} ${environment}`;

const stateOf = ({ state, recoveredAtMs }: Incident): string =>
  state !== "resolved" && recoveredAtMs !== undefined ? `${state}, recovered` : state;

const lastedOf = ({ beganAtMs, recoveredAtMs, resolvedAtMs }: Incident): string =>
  formatDuration(Math.max(0, (recoveredAtMs ?? resolvedAtMs ?? Date.now()) - beganAtMs));
