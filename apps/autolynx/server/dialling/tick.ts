import { openCohort } from "../campaigns/open-cohort.ts";
import { inDirectory, within } from "../database.ts";
import { isOn } from "../flags.ts";
import { log } from "../log.ts";
import { watchBudgets } from "../results/budgets.ts";
import { sendMetrics } from "../results/send-metrics.ts";
import { checkLines } from "./line-health.ts";
import { reconcile } from "./reconcile.ts";
import { refill } from "./refill.ts";

/** What a run of the clockwork did. */
export interface Ticked {
  organisations: number;
  placed: number;
  refused: number;
  later: number;
  uncertain: number;
  found: number;
  notPlaced: number;
  caughtUp: number;
  closed: number;
  ms: number;
}

/** Everything that is due: what is uncertain is cleared up, then free places are filled. */
export async function tick(): Promise<Ticked> {
  const startedAt = performance.now();
  const done: Ticked = {
    ...{ organisations: 0, placed: 0, refused: 0, later: 0, uncertain: 0 },
    ...{ found: 0, notPlaced: 0, caughtUp: 0, closed: 0, ms: 0 },
  };
  // Next month's partitions are there before anybody needs them.
  for (const months of [0, 1]) await openCohort(months);
  const organisations = await inDirectory(async (tx) => {
    await tx`DELETE FROM sessions WHERE expires_at < now()`;
    await tx`DELETE FROM rate_limits WHERE window_start < now() - interval '1 day'`;
    await tx`DELETE FROM unknown_events WHERE received_at < now() - interval '30 days'`;
    return tx<{ id: string }[]>`SELECT id FROM organisations ORDER BY id`;
  });
  for (const { id } of organisations) {
    done.organisations++;
    // One organisation's trouble is not another's.
    try {
      if (!(await hasWork(id))) continue;
      if (await isOn("phoneLineHealthCheck")) await checkLines(id);
      if (await isOn("costTracking")) await watchBudgets(id);
      Object.assign(done, added(done, await reconcile(id)), added(done, await refill(id)));
    } catch (error) {
      log("error", "A tick failed", { organisation: id, error });
    }
  }
  await sendMetrics(organisations.map(({ id }) => id));
  done.ms = Math.round(performance.now() - startedAt);
  return done;
}

const hasWork = (organisation: string): Promise<boolean> =>
  within(organisation, async (tx) => {
    const [row] = await tx<{ some: boolean }[]>`
      SELECT EXISTS (SELECT FROM campaigns WHERE status = 'running') OR EXISTS (SELECT FROM calls WHERE NOT settled) AS some`;
    return row!.some;
  });

function added<More extends object>(done: Ticked, more: More): Partial<Ticked> {
  return Object.fromEntries(
    Object.entries(more).map(([name, count]) => [name, done[name as keyof Ticked] + (count as number)]),
  );
}
