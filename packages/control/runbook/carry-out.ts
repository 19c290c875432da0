import {
  type AppEnvironment,
  type DeploymentId,
  EvenkeelError,
  errorJson,
  type RolloutStep,
} from "@evenkeel/model";
import { lockEnvironment } from "../apps/lock-environment.ts";
import { record } from "../audit/audit-log.ts";
import type { Database } from "../database/database.ts";
import type { DatabasesLink } from "../databases/databases-link.ts";
import {
  CanaryUnderWayError,
  DatabaseUnavailableError,
  DeploymentMovedError,
  HostUnreachableError,
} from "../errors.ts";
import { appendFlags, readFlags } from "../flags/flag-store.ts";
import type { Releaser } from "../releases/releaser.ts";
import { scale } from "../scaling/scale.ts";
import type { Serving } from "../serving/serving.ts";
import { beginActing, type DecisionOutcome, type DecisionRow, endDecision } from "./decision-store.ts";
import { releasedIn } from "./runbook-store.ts";

export interface CarryOutParts {
  database: Database;
  serving: Serving;
  releaser: Releaser;
  /** Turns off the features of the runbook's degraded mode; again, it changes nothing. */
  enterDegraded?: (of: AppEnvironment, reason: string) => Promise<string[]>;
  databases: Pick<DatabasesLink, "ask">;
}

/** Of a rollback in stages: what is slow must not meet all visitors on a cold way back. */
const backwards: RolloutStep[] = [
  { share: 0.25, durationMs: 30_000 },
  { share: 0.5, durationMs: 30_000 },
];

/** As releases and the audit log name it. */
export const runbookName = "runbook";

/**
 * Does what was decided. May be repeated after a crash at any point: a rollback is done only while the deployment that it leads away from still answers,
 * which is looked at under the environment's lock.
 *
 * @returns false where it has to be tried again: the database or the host is away
 */
export async function carryOut(parts: CarryOutParts, row: DecisionRow): Promise<boolean> {
  const { database } = parts;
  try {
    await beginActing(database, row.id);
    const { state, outcome } = await act(parts, row);
    await endDecision(database, row.id, state, outcome);
    return true;
  } catch (error) {
    if (error instanceof DatabaseUnavailableError || error instanceof HostUnreachableError) return false;
    if (!(error instanceof EvenkeelError))
      console.error(`control: decision ${row.id}: ${error instanceof Error ? error.stack : error}`);
    await endDecision(database, row.id, "failed", { error: errorJson(error) }).catch(() => {});
    return true;
  }
}

interface Ended {
  state: "done" | "failed" | "overtaken";
  outcome: DecisionOutcome;
}

function act(parts: CarryOutParts, row: DecisionRow): Promise<Ended> {
  if (row.action === "immediate_rollback" || row.action === "staged_rollback") return rollBack(parts, row);
  if (row.action === "set_flag") return setFlag(parts, row);
  if (row.action === "degraded_mode") return degrade(parts, row);
  if (row.action === "scale") return scaleByStep(parts, row);
  if (row.action === "failover") return failOver(parts, row);
  return Promise.resolve({ state: "done", outcome: {} });
}

async function rollBack({ database, releaser }: CarryOutParts, row: DecisionRow): Promise<Ended> {
  const { app, environment } = row;
  if (environment !== "production" && environment !== "staging")
    return { state: "overtaken", outcome: { note: `${environment} has no alias to move` } };
  const now = await releasedIn(database, app, environment);
  if (now?.deployment !== row.deployment) return moved(database, row);
  const by = { who: runbookName, reason: reasonOf(row), automatic: true, whileAnswers: row.deployment! };
  try {
    if (row.action === "staged_rollback") {
      const { canary } = await releaser.stageRollback({ app, environment }, { ...by, steps: backwards });
      return { state: "done", outcome: { deployment: canary.deployment, canary: canary.id } };
    }
    const { release, confirmation } = await releaser.rollback({ app, environment }, by);
    return {
      state: "done",
      outcome: {
        ...{ version: release.version, deployment: release.deployment, answered: confirmation.answered },
        tookMs: confirmation.tookMs,
      },
    };
  } catch (error) {
    if (error instanceof DeploymentMovedError) return moved(database, row);
    // Begun before a crash, or by somebody else: it goes back either way.
    if (error instanceof CanaryUnderWayError && row.action === "staged_rollback")
      return { state: "done", outcome: { note: "it goes back in stages already" } };
    throw error;
  }
}

/** Ours, where control ended before it could say so; else somebody else was faster. */
async function moved(database: Database, row: DecisionRow): Promise<Ended> {
  const { app, environment, decidedAt } = row;
  const [own] = await database.query<{ version: number; deployment: DeploymentId }>(
    `SELECT version, deployment FROM releases
     WHERE app = $1 AND environment = $2 AND kind = 'rollback' AND created_by = $3 AND created_at >= $4 ORDER BY version LIMIT 1`,
    [app, environment, runbookName, decidedAt],
  );
  if (own) return { state: "done", outcome: own };
  return { state: "overtaken", outcome: { note: `${row.deployment} did not answer any more` } };
}

async function degrade({ enterDegraded }: CarryOutParts, row: DecisionRow): Promise<Ended> {
  const features = (await enterDegraded?.(row, reasonOf(row))) ?? [];
  return { state: "done", outcome: { note: `${features.join(", ")} off` } };
}

/** Where the database itself answers, what is broken is something else: changing its primary would only add to it. */
async function failOver({ databases }: CarryOutParts, row: DecisionRow): Promise<Ended> {
  const { app, environment } = row;
  try {
    const wish = { by: runbookName, reason: reasonOf(row), automatic: true } as const;
    const { failover } = await databases.ask({ type: "failover", ...wish, app, environment });
    return {
      state: "done",
      outcome: { note: `the standby took over in ${failover!.acceptedMs! - failover!.startedMs} ms` },
    };
  } catch (error) {
    const { code, message } = errorJson(error);
    if (code === "failover_refused" || code === "app_database_unknown")
      return { state: "overtaken", outcome: { note: message } };
    throw error;
  }
}

async function setFlag({ serving }: CarryOutParts, row: DecisionRow): Promise<Ended> {
  const { app, environment } = row;
  const { name, value } = row.evidence.flag!;
  const { result } = await serving.change(async (connection) => {
    await lockEnvironment(connection, app, environment);
    const now = (await readFlags(connection, row))!;
    const variants = Object.entries(now.declared.flags[name]?.variants ?? {});
    const variant = variants.find(([, each]) => each === value)?.[0];
    if (variant === undefined) return { changes: [], result: undefined };
    const overrides = { ...now.overrides, [name]: { variant } };
    const detail = { flag: name, variant, decision: row.id };
    const change = {
      action: "override" as const,
      declared: now.declared,
      overrides,
      detail,
      who: runbookName,
    };
    const flags = await appendFlags(connection, row, change);
    await record(connection, {
      ...{ who: runbookName, action: "flags.override", app },
      detail: { environment, version: flags.version, ...detail },
    });
    return { changes: [{ put: "flags", flags }], result: flags.version };
  });
  if (result === undefined)
    return { state: "failed", outcome: { note: `${name} has no variant that is ${value}` } };
  return { state: "done", outcome: { note: `${name} is ${value} for everybody` } };
}

async function scaleByStep({ serving }: CarryOutParts, row: DecisionRow): Promise<Ended> {
  const { app, environment, clause, evidence } = row;
  const { direction, ...wish } = evidence.scale!;
  const note = await scale(serving, { app, environment, clause, wish, direction, who: runbookName });
  return { state: "done", outcome: { note } };
}

const reasonOf = ({ clause, evidence: { finding } }: DecisionRow): string =>
  `${clause}: ${finding.conditions.map(({ says }) => says).join(" or ")}`.slice(0, 500);
