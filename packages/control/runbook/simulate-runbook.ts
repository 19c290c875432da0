import type { AppEnvironment, DeploymentId } from "@evenkeel/model";
import { evaluate, initialState, readRunbook, SignalHistory, type Target } from "@evenkeel/runbook";
import type { SignalsClient } from "@evenkeel/signals/client/signals-client";
import type { RunbookSimulation } from "../api/contract/index.ts";
import type { Database } from "../database/database.ts";
import { InvalidRangeError, RunbookMissingError } from "../errors.ts";
import { pastSignals } from "./past-signals.ts";
import { deploymentRunbook, releasedIn, type StoredRunbook } from "./runbook-store.ts";

/** As far back as seconds are kept. */
const longestMs = 3_600_000;

/**
 * Replays recorded signals against a runbook, with the releases that there were: what it would have decided. What would then have been
 * different (a rollback would have changed the signals) is not made up.
 *
 * @throws RunbookMissingError, RunbookInvalidError, InvalidRangeError, SignalsUnavailableError
 */
export async function simulateRunbook(
  { database, signals }: { database: Database; signals: Pick<SignalsClient, "query"> },
  of: AppEnvironment,
  { fromMs, toMs, runbook: given }: { fromMs: number; toMs: number; runbook?: StoredRunbook | undefined },
): Promise<RunbookSimulation> {
  if (toMs <= fromMs || toMs - fromMs > longestMs) throw new InvalidRangeError();
  const clauses = (given ? readRunbook(given) : await inForce(database, of)).clauses;
  const releases = await database.query<{ deployment: DeploymentId; at: Date; broughtBack: boolean }>(
    `SELECT deployment, created_at AS at, kind = 'rollback' AS "broughtBack" FROM releases
     WHERE app = $1 AND environment = $2 AND created_at <= $3 ORDER BY version`,
    [of.app, of.environment, new Date(toMs)],
  );
  const history = new SignalHistory(clauses);
  const past = await pastSignals(signals, of, history, { fromMs: fromMs - longestMs, toMs });
  const seconds = new Map(past.map((second) => [Math.floor(second.atMs / 1_000), second]));
  for (const second of past) if (second.atMs < fromMs) history.add(second);
  const simulation: RunbookSimulation = { fromMs, toMs, seconds: 0, decisions: [], states: {} };
  let state = initialState();
  let at = 0;
  for (let nowS = Math.ceil(fromMs / 1_000); nowS < toMs / 1_000; nowS++) {
    const second = seconds.get(nowS);
    if (second) {
      history.add(second);
      simulation.seconds++;
    }
    while (at < releases.length && releases[at]!.at.getTime() / 1_000 < nowS + 1) at++;
    const release = releases[at - 1];
    const target: Target = release
      ? {
          deployment: release.deployment,
          broughtBack: release.broughtBack,
          sinceS: Math.floor(release.at.getTime() / 1_000) - 1,
        }
      : { sinceS: nowS };
    const result = evaluate(clauses, history, nowS, state, target, of.environment);
    state = result.state;
    for (const { clause, state: found } of result.findings) {
      simulation.states[clause] ??= {};
      const counted = simulation.states[clause];
      counted[found] = (counted[found] ?? 0) + 1;
    }
    for (const { atS, clause, alsoBroken, action, severity, deployment, finding } of result.decisions) {
      simulation.decisions.push({
        ...{ atMs: atS * 1_000, clause, alsoBroken, action, severity },
        says: finding.conditions.map(({ says }) => says).join(" or "),
        ...(deployment === undefined ? {} : { deployment }),
      });
    }
  }
  return simulation;
}

async function inForce(database: Database, { app, environment }: AppEnvironment) {
  const released = await releasedIn(database, app, environment);
  const runbook = released && (await deploymentRunbook(database, released.deployment));
  if (!runbook) throw new RunbookMissingError(app, environment);
  return runbook;
}
