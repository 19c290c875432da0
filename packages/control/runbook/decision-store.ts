import type { AppEnvironment, AppName, DeploymentId, EnvironmentName, ErrorJson } from "@evenkeel/model";
import type { ActionName, Decision, Finding } from "@evenkeel/runbook";
import type { RunbookDecision } from "../api/contract/index.ts";
import type { Connection } from "../database/connection.ts";

/** What a decision rests on, as it was. */
export interface DecisionEvidence {
  finding: Finding;
  /** What the clause promises, and where it stands. */
  says: string;
  line: number;
  /** What is to be set, of `set_flag`. */
  flag?: { name: string; value: boolean };
  /** What there is to be more of, or less again, of `scale`. */
  scale?: Decision["scale"];
  /** The seconds before it: each with the figures of the first condition. */
  seconds: EvidenceSecond[];
}

export interface EvidenceSecond {
  atMs: number;
  /** Absent: unknown. */
  value?: number;
  samples?: number;
}

export interface DecisionOutcome {
  /** The release that was appended. */
  version?: number;
  /** What answers now. */
  deployment?: string;
  /** Seen to answer, through an edge. */
  answered?: boolean;
  /** From the decision to that answer. */
  tookMs?: number;
  /** Of the staged release that was begun. */
  canary?: number;
  note?: string;
  error?: ErrorJson;
}

export interface DecisionRow extends AppEnvironment {
  id: number;
  deployment: DeploymentId | null;
  release: number | null;
  clause: string;
  alsoBroken: string[];
  action: ActionName;
  severity: "warning" | "critical";
  evidence: DecisionEvidence;
  signalsAt: Date;
  decidedAt: Date;
  state: "decided" | "done" | "failed" | "overtaken";
  actedAt: Date | null;
  endedAt: Date | null;
  outcome: DecisionOutcome | null;
}

const columns = `id::integer, app, environment, deployment, release, clause, also_broken AS "alsoBroken", action, severity, evidence,
  signals_at AS "signalsAt", decided_at AS "decidedAt", state, acted_at AS "actedAt", ended_at AS "endedAt", outcome`;

/** @returns undefined where this release has been decided upon already */
export async function insertDecision(
  connection: Connection,
  { app, environment }: AppEnvironment,
  release: number,
  decision: Decision,
  evidence: DecisionEvidence,
): Promise<DecisionRow | undefined> {
  const rows = await connection.query<DecisionRow & Record<string, unknown>>(
    `INSERT INTO runbook_decisions (app, environment, deployment, release, clause, also_broken, action, severity, evidence, signals_at, state, ended_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, CASE $11 WHEN 'done' THEN now() END)
     ON CONFLICT DO NOTHING RETURNING ${columns}`,
    [
      ...[app, environment, decision.deployment ?? null, release, decision.clause, decision.alsoBroken],
      ...[decision.action, decision.severity, JSON.stringify(evidence), new Date(decision.atS * 1_000)],
      // A record is all that there is to do.
      decision.action === "record" || decision.action === "notify" ? "done" : "decided",
    ],
  );
  if (rows[0]) connection.publish({ kind: "runbook", app, environment, id: String(rows[0].id) });
  return rows[0];
}

/** What was decided and is not done: after a crash, or because it could not be done yet. */
export const openDecisions = (connection: Connection): Promise<DecisionRow[]> =>
  connection.query<DecisionRow & Record<string, unknown>>(
    `SELECT ${columns} FROM runbook_decisions WHERE state = 'decided' ORDER BY id`,
  );

export const beginActing = (connection: Connection, id: number): Promise<unknown> =>
  connection.query("UPDATE runbook_decisions SET acted_at = coalesce(acted_at, now()) WHERE id = $1", [id]);

export async function endDecision(
  connection: Connection,
  id: number,
  state: Exclude<DecisionRow["state"], "decided">,
  outcome: DecisionOutcome,
): Promise<void> {
  const rows = await connection.query<{ app: AppName; environment: EnvironmentName }>(
    `UPDATE runbook_decisions SET state = $2, outcome = $3, ended_at = now() WHERE id = $1 AND state = 'decided'
     RETURNING app, environment`,
    [id, state, JSON.stringify(outcome)],
  );
  for (const of of rows) connection.publish({ kind: "runbook", ...of, id: String(id) });
}

export async function listDecisions(
  connection: Connection,
  filter: { app: AppName; environment?: string | undefined; before?: number | undefined; limit: number },
): Promise<RunbookDecision[]> {
  const rows = await connection.query<DecisionRow & Record<string, unknown>>(
    `SELECT ${columns} FROM runbook_decisions
     WHERE app = $1 AND ($2::text IS NULL OR environment = $2) AND ($3::bigint IS NULL OR id < $3)
     ORDER BY id DESC LIMIT $4`,
    [filter.app, filter.environment ?? null, filter.before ?? null, filter.limit],
  );
  return rows.map(decisionView);
}

export function decisionView(row: DecisionRow): RunbookDecision {
  const { id, app, environment, clause, alsoBroken, action, severity, evidence, state } = row;
  return {
    ...{ id, app, environment, clause, alsoBroken, action, severity, state, evidence },
    ...(row.deployment === null ? {} : { deployment: row.deployment }),
    ...(row.release === null ? {} : { release: row.release }),
    signalsAtMs: row.signalsAt.getTime(),
    decidedAtMs: row.decidedAt.getTime(),
    ...(row.actedAt === null ? {} : { actedAtMs: row.actedAt.getTime() }),
    ...(row.endedAt === null ? {} : { endedAtMs: row.endedAt.getTime() }),
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
  };
}
