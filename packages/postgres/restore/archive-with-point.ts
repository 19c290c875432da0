import { EvenkeelError } from "@evenkeel/model";
import type { Archive } from "../archive/archive.ts";
import { RecoveryTargetError } from "../errors.ts";
import type { RecoveryTarget } from "./recovery-target.ts";
import { readCatalogue } from "./restore-cluster.ts";
import { planRestore } from "./restore-plan.ts";
import { readRestorePoint } from "./restore-point.ts";

/**
 * The archive that a point can be restored from: the present one, else the latest of those that were written before it was, which is how points
 * from before a move are reached.
 *
 * @throws RecoveryTargetError of the present archive, when none has it.
 */
export async function archiveWithPoint(
  target: RecoveryTarget,
  present: Archive,
  former: Archive[],
): Promise<Archive> {
  if (target.kind === "latest" || former.length === 0) return present;
  try {
    await requirePoint(target, present);
    return present;
  } catch (error) {
    if (!(error instanceof RecoveryTargetError)) throw error;
    for (const archive of former) {
      const has = await requirePoint(target, archive).then(
        () => true,
        (reason) => {
          // Emptied, unplugged, or without this point.
          if (reason instanceof EvenkeelError) return false;
          throw reason;
        },
      );
      if (has) return archive;
    }
    throw error;
  }
}

async function requirePoint(target: RecoveryTarget, archive: Archive): Promise<void> {
  const { catalogue } = await readCatalogue(archive);
  const point = target.kind === "name" ? await readRestorePoint(archive, target.name) : undefined;
  planRestore(catalogue, target, { nowMs: Date.now(), ...(point ? { point } : {}) });
}
