import { formatDuration } from "@evenkeel/model";
import type { MessageEvent, MessageIncident } from "@evenkeel/notify";
import { MessageTemplate, type TemplateField } from "@evenkeel/runbook";
import type { IncidentRow } from "../incidents/incident-store.ts";

/** What words about an incident can name, at a moment. */
export function fieldsOf(
  incident: IncidentRow,
  { message, url, nowMs }: { message: string; url: string | undefined; nowMs: number },
): Record<TemplateField, string> {
  const service = incident.app ?? "the platform";
  return {
    ...{ service, app: incident.app ?? "evenkeel", environment: incident.environment ?? "platform" },
    ...{ severity: incident.severity, title: incident.title, message, phase: incident.phase },
    ...{ status: incident.state, components: incident.components.join(", "), incident: String(incident.id) },
    ...{ url: url ?? "", started: `${incident.beganAt.toISOString().slice(0, 16).replace("T", " ")} UTC` },
    duration: formatDuration(
      Math.max(0, (incident.resolvedAt?.getTime() ?? nowMs) - incident.beganAt.getTime()),
    ),
  };
}

const verbs: Record<MessageEvent, string> = {
  ...{ opened: "", reopened: "Again: ", raised: "Graver: ", escalated: "Nobody has acknowledged: " },
  ...{ acknowledged: "Acknowledged: ", updated: "Update: ", resolved: "Resolved: " },
  ...{ test: "Test: ", confirm: "", maintenance: "Maintenance: " },
};

/** One line: `P0 shop: All requests fail`. */
export function subjectOf(event: MessageEvent, { severity, app, title, environment }: IncidentRow): string {
  const where =
    app === undefined || app === null
      ? "platform"
      : environment === "production"
        ? app
        : `${app} (${environment})`;
  return `${verbs[event]}${severity} ${where}: ${title}`;
}

/** For people inside. */
export function textOf(
  incident: IncidentRow,
  { message, nowMs }: { message: string; nowMs: number },
): string {
  const { suspect, components, acknowledgedBy } = incident;
  const fields = fieldsOf(incident, { message, url: undefined, nowMs });
  const lines = [
    message,
    "",
    `Incident ${incident.id}, ${incident.severity}, ${incident.state}; since ${fields.started} (${fields.duration})`,
    `Components: ${components.join(", ") || "none"}`,
    ...(suspect ? [`Suspected: release v${suspect.release}, ${suspect.deployment}`] : []),
    ...(acknowledgedBy ? [`${acknowledgedBy.name} sees to it`] : []),
    ...(incident.state === "open" ? [`Acknowledge: evenkeel incidents ack ${incident.id}`] : []),
  ];
  return lines.join("\n");
}

const usualWords: Record<IncidentRow["phase"], string> = {
  investigating: "We are investigating an issue with {service}. We will tell more as we learn it.",
  identified: "We have identified the issue with {service} and are working on it.",
  monitoring: "The issue with {service} seems to be over. We keep watching.",
  resolved: "The issue with {service} has been resolved.",
};

/** For people outside: the runbook's words of the phase, and what somebody has written. */
export function publicText(
  incident: IncidentRow,
  templates: Record<string, string> | undefined,
  given: { message: string | undefined; url: string | undefined; nowMs: number },
): string {
  const template = MessageTemplate.read(templates?.[incident.phase] ?? usualWords[incident.phase]);
  const words = template.fill(fieldsOf(incident, { ...given, message: given.message ?? "" }));
  return given.message === undefined ? words : `${words}\n\n${given.message}`;
}

export const messageIncident = (
  incident: IncidentRow,
  { key, sequence }: { key: string; sequence: number },
): MessageIncident => ({
  ...{ id: incident.id, key, severity: incident.severity, rank: incident.rank, title: incident.title },
  ...(incident.app && { app: incident.app }),
  ...(incident.environment && { environment: incident.environment }),
  ...{ state: incident.state, phase: incident.phase, components: incident.components },
  ...{ openedAtMs: incident.openedAt.getTime(), sequence },
});
