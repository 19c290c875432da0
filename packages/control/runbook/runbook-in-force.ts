import type { AppEnvironment } from "@evenkeel/model";
import type { Clause } from "@evenkeel/runbook";
import type { RunbookClause, RunbookInForce } from "../api/contract/index.ts";
import { type Connection, first } from "../database/connection.ts";
import type { Database } from "../database/database.ts";
import { clauseView } from "./clause-view.ts";
import { deploymentRunbook, releasedIn, storedRunbook } from "./runbook-store.ts";
import type { RunbookWatcher } from "./runbook-watcher.ts";

/** The runbook of what is released, each clause with what enforces it; undefined where there is none. */
export async function runbookInForce(
  { database, watcher }: { database: Database; watcher: Pick<RunbookWatcher, "findingsOf"> },
  of: AppEnvironment,
  nowMs: number,
): Promise<RunbookInForce | undefined> {
  const released = await releasedIn(database, of.app, of.environment);
  if (!released?.hasRunbook) return undefined;
  const runbook = (await deploymentRunbook(database, released.deployment))!;
  const { file, text } = (await storedRunbook(database, released.deployment))!;
  const exercised = await lastExercised(database, of, released.deployment, released.releasedAt);
  const seen = watcher.findingsOf(of);
  return {
    ...{
      app: of.app,
      environment: of.environment,
      deployment: released.deployment,
      release: released.release,
    },
    ...{ file, text },
    clauses: runbook.clauses.map((clause) =>
      clauseView(clause, nowMs, {
        last: exercised(clause),
        ...(seen ? { finding: seen.findings.get(clause.id), evaluatedAtMs: seen.atMs } : {}),
      }),
    ),
  };
}

/** When what enforces a clause was last at work, for what is not looked at each second. */
async function lastExercised(
  connection: Connection,
  { app, environment }: AppEnvironment,
  deployment: string,
  releasedAt: Date,
): Promise<(clause: Clause) => RunbookClause["last"]> {
  const ready = await first(
    connection.query<{ endedAt: Date }>(
      `SELECT ended_at AS "endedAt" FROM deployment_steps WHERE deployment = $1 AND name = 'smoke' AND state = 'done'`,
      [deployment],
    ),
  );
  const verified = await first(
    connection.query<{ endedMs: number; verdict: string }>(
      `SELECT (evidence->>'finishedMs')::double precision AS "endedMs", verdict FROM database_verifications
       WHERE app = $1 AND environment = $2 AND verdict <> 'running' AND NOT evidence ? 'kind' ORDER BY started_at DESC LIMIT 1`,
      [app, environment],
    ),
  );
  return ({ enforced, id }) => {
    if (
      verified &&
      /^(?:backupStrategy|restoreTests|recoveryObjectives)/.test(id) &&
      enforced.by !== "person"
    )
      return { atMs: verified.endedMs, result: `verification ${verified.verdict}` };
    if (enforced.by === "pipeline" && ready) return { atMs: ready.endedAt.getTime(), result: "passed" };
    if (enforced.by === "release") return { atMs: releasedAt.getTime(), result: "set" };
    return undefined;
  };
}
