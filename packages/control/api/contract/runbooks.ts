import type { AppName, EnvironmentName } from "@evenkeel/model";
import type { ActionName, ClauseState, EnforcedBy, Tracked } from "@evenkeel/runbook";
import { z } from "zod";
import type { DecisionEvidence, DecisionOutcome } from "../../runbook/decision-store.ts";
import { appParams, page } from "./parameters.ts";
import { json } from "./route.ts";

/** One clause of a runbook with what enforces it. */
export interface RunbookClause {
  /** `rollbackTriggers.error_rate` */
  id: string;
  kind: string;
  says: string;
  /** In the file; 0 where it is not known. */
  line: number;
  enforcedBy: EnforcedBy;
  how: string;
  /** Who sees to it, where nothing enforces it. */
  byHand?: Tracked;
  /** `byHand` whose day has passed. */
  overdue?: true;
  /** How it is exercised. */
  exercised: string;
  /** When it was last, and what came of it. */
  last?: { atMs: number; result: string };
  /** Of what the watcher looks at, now. */
  state?: ClauseState;
  sinceMs?: number;
}

export interface RunbookInForce {
  app: AppName;
  environment: EnvironmentName;
  deployment: string;
  release: number;
  file: string;
  text: string;
  clauses: RunbookClause[];
}

export interface RunbookDecision {
  id: number;
  app: AppName;
  environment: EnvironmentName;
  /** What answered when it was decided, by which release. */
  deployment?: string;
  release?: number;
  clause: string;
  /** Other clauses that were broken at that moment and wanted the same. */
  alsoBroken: string[];
  action: ActionName;
  severity: "warning" | "critical";
  /** - `overtaken`: somebody else had released something by then. */
  state: "decided" | "done" | "failed" | "overtaken";
  evidence: DecisionEvidence;
  /** The second of the signals that completed the breach. */
  signalsAtMs: number;
  decidedAtMs: number;
  actedAtMs?: number;
  endedAtMs?: number;
  outcome?: DecisionOutcome;
}

/** What would have been decided of recorded signals. */
export interface RunbookSimulation {
  fromMs: number;
  toMs: number;
  /** Seconds of which something was recorded. */
  seconds: number;
  decisions: {
    atMs: number;
    clause: string;
    alsoBroken: string[];
    action: ActionName;
    severity: "warning" | "critical";
    says: string;
    deployment?: string;
  }[];
  /** For how many seconds each watched clause was in which state. */
  states: Record<string, Partial<Record<ClauseState, number>>>;
}

const params = z.object({ ...appParams.shape, environment: z.enum(["production", "staging"]) });
const path = "/api/apps/:app/environments/:environment/runbook";

export const runbookRoutes = {
  /** In force with what is released; each clause with what enforces it, and when it was last exercised. */
  getRunbook: json<RunbookInForce>()({ method: "GET", path, permission: "read", params }),
  /** Newest first; `before` continues below this id. */
  listRunbookDecisions: json<{ decisions: RunbookDecision[] }>()({
    method: "GET",
    path: `${path}/decisions`,
    permission: "read",
    params,
    query: z.object({ ...page, before: z.coerce.number().int().optional() }),
  }),
  /** Replays recorded signals against the runbook in force, or against another one. Nothing is done. */
  simulateRunbook: json<RunbookSimulation>()({
    method: "POST",
    path: `${path}/simulate`,
    permission: "read",
    params,
    body: z.strictObject({
      fromMs: z.number().int().min(0),
      toMs: z.number().int().min(0),
      /** Evaluated by the caller; absent: the one in force. */
      runbook: z
        .strictObject({ file: z.string().max(200), text: z.string().max(262_144), value: z.unknown() })
        .optional(),
    }),
  }),
};
