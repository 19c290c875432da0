import type { AppEnvironment } from "@evenkeel/model";
import type { Connection } from "../database/connection.ts";
import { FailoverDecisionError } from "../errors.ts";
import { deploymentRunbook, releasedIn } from "../runbook/runbook-store.ts";

/**
 * Whether a person may decide that a standby takes over, by the runbook in force. The words of its `decision_makers` are roles; who has which is
 * known to the team, so whoever acts says in which one.
 *
 * @returns what goes on record as who decided
 * @throws FailoverDecisionError
 */
export async function decisionOf(
  connection: Connection,
  { app, environment }: AppEnvironment,
  who: string,
  decidedBy: string | undefined,
): Promise<string> {
  const released = await releasedIn(connection, app, environment);
  const runbook = released?.hasRunbook ? await deploymentRunbook(connection, released.deployment) : undefined;
  const makers = runbook?.plan.database.failover?.decisionMakers ?? [];
  if (makers.length === 0 || (decidedBy !== undefined && makers.includes(decidedBy)))
    return decidedBy === undefined ? who : `${who} as ${decidedBy}`;
  throw new FailoverDecisionError(app, makers, decidedBy);
}
