import { formatDuration } from "@evenkeel/model";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";
import type { IncidentEvent, IncidentInFull } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";

export interface Impact {
  /** From the beginning to the recovery. */
  durationMs: number;
  requests?: number;
  failed?: number;
}

/** The post-incident report: what happened, what it cost, what is to be done. */
export async function incidentReport(
  incident: IncidentInFull,
  parts: { database: Connection; signals: Pick<SignalsClient, "query"> },
  nowMs = Date.now(),
): Promise<string> {
  return renderReport(incident, await impactOf(incident, parts.signals, nowMs), nowMs);
}

/** Requests are counted from the minute in which it began to that in which it was over. */
export async function impactOf(
  { app, environment, beganAtMs, recoveredAtMs, resolvedAtMs }: IncidentInFull,
  signals: Pick<SignalsClient, "query">,
  nowMs: number,
): Promise<Impact> {
  const endMs = recoveredAtMs ?? resolvedAtMs ?? nowMs;
  const impact: Impact = { durationMs: Math.max(0, endMs - beganAtMs) };
  if (app === undefined || environment === undefined) return impact;
  // Whole seconds of the last hour, whole minutes of what is older.
  const widthMs = nowMs - beganAtMs > 3_300_000 ? 60_000 : 1_000;
  const fromMs = Math.floor(beganAtMs / widthMs) * widthMs;
  const toMs = Math.ceil((endMs + 1) / widthMs) * widthMs;
  const total = async (signal: string): Promise<number | undefined> => {
    const answer = await signals
      .query({ app, environment, signal, fromMs, toMs, stepMs: 0 })
      .catch(() => undefined);
    const point = answer?.series[0]?.points[0];
    return typeof point === "number" ? point : undefined;
  };
  const [requests, failed] = await Promise.all([total("requests"), total("errors")]);
  return {
    ...impact,
    ...(requests !== undefined && { requests }),
    ...(requests !== undefined && { failed: failed ?? 0 }),
  };
}

/** Pure. */
export function renderReport(incident: IncidentInFull, impact: Impact, nowMs: number): string {
  const { id, title, severity, app, environment, suspect, causes, timeline, followUps } = incident;
  const since = (ms: number | undefined) =>
    ms === undefined
      ? "–"
      : `${time(ms)} (${formatDuration(Math.max(0, ms - incident.beganAtMs))} after the beginning)`;
  const share = impact.requests ? ` of ${impact.requests} (${percent(impact.failed!, impact.requests)})` : "";
  const lines = [
    `# Incident ${id}: ${plain(title)}`,
    "",
    `| | |`,
    `|---|---|`,
    `| App | ${app === undefined ? "the platform itself" : `${app}, ${environment}`} |`,
    `| Severity | ${severity} |`,
    `| State | ${incident.state} |`,
    `| Components | ${incident.components.join(", ") || "–"} |`,
    `| Began | ${time(incident.beganAtMs)} |`,
    `| Noticed | ${since(incident.openedAtMs)} |`,
    `| Acknowledged | ${since(incident.acknowledgedAtMs)}${incident.acknowledgedBy ? ` by ${plain(incident.acknowledgedBy.name)}` : ""} |`,
    `| Recovered | ${since(incident.recoveredAtMs)} |`,
    `| Resolved | ${since(incident.resolvedAtMs)}${incident.resolvedBy ? ` by ${plain(incident.resolvedBy.name)}` : ""} |`,
    "",
    "## Impact",
    "",
    `- ${Math.max(1, Math.round(impact.durationMs / 60_000))} min (${formatDuration(impact.durationMs)})${incident.recoveredAtMs === undefined && incident.resolvedAtMs === undefined ? ", going on" : ""}`,
    impact.failed === undefined
      ? "- Failed requests: not known"
      : `- Failed requests: ${impact.failed}${share}`,
    ...(incident.flaps > 0 ? [`- Came back ${incident.flaps} times`] : []),
    "",
    "## Causes",
    "",
    ...(suspect
      ? [
          `Suspected: release v${suspect.release}, deployment \`${suspect.deployment}\`${suspect.releasedAtMs === undefined ? "" : `, released ${time(suspect.releasedAtMs)}`}.`,
          "",
        ]
      : []),
    ...causes.map(
      ({ title: what, key, source, reports }) =>
        `- ${plain(what)} (${source.replaceAll("_", " ")} \`${key}\`, told ${reports} ${reports === 1 ? "time" : "times"})`,
    ),
    "",
    "## Timeline",
    "",
    "| Time | Who | What |",
    "|---|---|---|",
    ...timeline.map((event) => row(event)),
    "",
    "## Follow-ups",
    "",
    ...(followUps.length > 0 ? followUps.map((text) => `- [ ] ${plain(text)}`) : ["None yet."]),
    "",
    `_Made ${time(nowMs)}._`,
    "",
  ];
  return lines.join("\n");
}

const row = ({ atMs, actor, message, kind }: IncidentEvent): string =>
  `| ${time(atMs)} | ${plain(actor.name)} | ${kind === "action" ? "**Automatic:** " : ""}${plain(message)} |`;

const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;

const percent = (part: number, whole: number): string => `${((part / whole) * 100).toFixed(1)} %`;

/** Nothing that an app or a person wrote changes the report's form. */
const plain = (text: string): string =>
  text.replace(/[\\`*_<>|[\]#]/g, (character) => `\\${character}`).replace(/\s+/g, " ");
