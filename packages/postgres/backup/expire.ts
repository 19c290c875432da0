import type { Archive } from "../archive/archive.ts";
import { readWalInventory } from "../archive/wal-inventory.ts";
import { ObjectDamagedError } from "../errors.ts";
import { withFolderLock } from "../server/folder-lock.ts";
import { chunkObject, readBackups } from "./backup-manifest.ts";
import type { BackupClause } from "./backup-schedule.ts";
import { planRetention, type RetentionPlan } from "./retention.ts";

export interface ExpiryRequest {
  archive: Archive;
  clauses: BackupClause[];
  /** As for backups. */
  lockDir: string;
  nowMs?: number;
  otherKeepMs?: number;
}

export interface ExpiryReport extends RetentionPlan {
  removedChunks: number;
}

/**
 * Removes what no promise needs. Manifests go first: what a crash leaves then is content that nobody names, which the next run
 * removes, and never a backup with missing content. Chunks go only when every manifest could be read.
 *
 * @throws ObjectDamagedError when a manifest is damaged: what it names is not known.
 */
export function expireBackups(request: ExpiryRequest): Promise<ExpiryReport> {
  return withFolderLock(request.lockDir, async () => {
    const { archive } = request;
    await archive.owner();
    const { backups, damaged } = await readBackups(archive);
    if (damaged.length > 0) {
      throw new ObjectDamagedError(`The manifest of backup ${damaged[0]} is damaged, so nothing is removed`, {
        hint: "Take a new base backup; then remove the damaged one by its id.",
      });
    }
    const plan = planRetention({
      backups,
      inventory: await readWalInventory(archive),
      clauses: request.clauses,
      nowMs: request.nowMs ?? Date.now(),
      otherKeepMs: request.otherKeepMs,
    });
    for (const id of plan.expiredBackups) await archive.delete(`backups/${id}`);
    const expired = new Set(plan.expiredBackups);
    const named = new Set(
      backups.filter(({ id }) => !expired.has(id)).flatMap(({ chunks }) => chunks.map(chunkObject)),
    );
    let removedChunks = 0;
    for (const { key } of await archive.list("chunks/")) {
      if (named.has(key)) continue;
      await archive.delete(key);
      removedChunks++;
    }
    for (const segment of plan.expiredSegments) {
      await archive.delete(`wal/${segment}`);
      for (const { key } of await archive.list(`tail/${segment}/`)) await archive.delete(key);
    }
    await archive.target.sweep();
    return { ...plan, removedChunks };
  });
}
