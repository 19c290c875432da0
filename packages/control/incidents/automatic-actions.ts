import type { Connection } from "../database/connection.ts";
import type { DecisionOutcome } from "../runbook/decision-store.ts";
import { platformActor } from "./actor.ts";
import { addEvent, type IncidentRow } from "./incident-store.ts";

/** Adds to the timeline what was released and decided while it was open, whoever did it; each once. */
export async function noteActions(connection: Connection, incident: IncidentRow): Promise<void> {
  const { id, app, environment, beganAt } = incident;
  if (!app || !environment) return;
  const known = `NOT EXISTS (SELECT 1 FROM incident_events WHERE incident = $4 AND ref =`;
  const releases = await connection.query<{
    version: number;
    deployment: string;
    kind: string;
    at: Date;
    who: string;
    reason: string | null;
  }>(
    `SELECT version, deployment, kind, created_at AS at, created_by AS who, reason FROM releases
     WHERE app = $1 AND environment = $2 AND created_at >= $3 AND ${known} 'release/' || version) ORDER BY version`,
    [app, environment, beganAt, id],
  );
  for (const { version, deployment, kind, at, who, reason } of releases) {
    const isAutomatic = who === "runbook";
    const what = kind === "rollback" ? "Rolled back to" : "Released";
    await addEvent(connection, id, {
      ...{
        kind: isAutomatic ? "action" : "release",
        actor: { ...platformActor(who), kind: isAutomatic ? "platform" : "token" },
      },
      message: `${what} ${deployment} (v${version})${reason ? `: ${reason}` : ""}`,
      ...{ detail: { deployment, release: version }, ref: `release/${version}`, atMs: at.getTime() },
    });
  }
  const decisions = await connection.query<{
    id: number;
    action: string;
    clause: string;
    state: string;
    at: Date;
    outcome: DecisionOutcome | null;
  }>(
    `SELECT id::integer, action, clause, state, decided_at AS at, outcome FROM runbook_decisions
     WHERE app = $1 AND environment = $2 AND decided_at >= $3 AND state <> 'decided' AND ${known} 'decision/' || runbook_decisions.id) ORDER BY id`,
    [app, environment, beganAt, id],
  );
  for (const { id: decision, action, clause, state, at, outcome } of decisions) {
    const answered = outcome?.answered ? `; ${outcome.deployment} has answered` : "";
    await addEvent(connection, id, {
      ...{ kind: "action", actor: platformActor("runbook") },
      message: `${action.replaceAll("_", " ")} by ${clause}: ${state}${answered}`,
      ...{ detail: { decision, clause, action, state }, ref: `decision/${decision}`, atMs: at.getTime() },
    });
  }
}
