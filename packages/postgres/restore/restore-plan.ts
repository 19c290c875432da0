import {
  type ArchivePosition,
  type WalCoverage,
  type WalInventory,
  walCoverage,
} from "../archive/wal-inventory.ts";
import { type BackupManifest, liesOnWay } from "../backup/backup-manifest.ts";
import { RecoveryTargetError, WalGapError } from "../errors.ts";
import { formatLsn, type Lsn, parseLsn, parseSegmentName } from "../wal/lsn.ts";
import { describeTarget, type RecoveryTarget } from "./recovery-target.ts";
import type { RestorePoint } from "./restore-point.ts";

export interface RestoreCatalogue {
  /** Oldest first. */
  backups: BackupManifest[];
  inventory: WalInventory;
  position: ArchivePosition;
}

export interface RestorePlan {
  base: BackupManifest;
  timeline: number;
  wal: WalCoverage;
  /** `recovery_target_*` settings, without the timeline. */
  settings: Record<string, string | boolean>;
  /**
   * The archive holds everything up to the target although no record may lie behind it: when the server finds its end
   * before the target, that end is the target.
   */
  endIsTarget: boolean;
}

export interface RestoreRange {
  earliest: { timeMs: number; lsn: Lsn };
  latest: { timeMs: number; lsn: Lsn };
}

/** What can be restored to along the way to `timeline`. Undefined without a usable backup. */
export function restoreRange(
  catalogue: RestoreCatalogue,
  timeline = catalogue.position.timeline,
): RestoreRange | undefined {
  const oldest = usableBackups(catalogue, timeline)[0];
  if (!oldest) return undefined;
  return {
    earliest: { timeMs: oldest.base.stoppedMs, lsn: parseLsn(oldest.base.stopLsn) },
    latest: { timeMs: catalogue.position.timeMs, lsn: parseLsn(catalogue.position.lsn) },
  };
}

/**
 * Chooses the newest base backup before the target and the WAL from there. Pure.
 *
 * @param timeline default: the one the archive is on now.
 * @throws RecoveryTargetError with the valid range. @throws WalGapError when WAL on the way is missing.
 */
export function planRestore(
  catalogue: RestoreCatalogue,
  target: RecoveryTarget,
  options: { nowMs: number; timeline?: number; point?: RestorePoint },
): RestorePlan {
  const { position } = catalogue;
  const timeline = options.timeline ?? options.point?.timeline ?? position.timeline;
  const usable = usableBackups(catalogue, timeline);
  const range = restoreRange(catalogue, timeline);
  if (!range) {
    throw new RecoveryTargetError(`There is no base backup on the way to timeline ${timeline}`, {
      hint: "Take a base backup; from then on every point can be restored to.",
    });
  }
  const refuse = (reason: string) =>
    new RecoveryTargetError(`Cannot restore to ${describeTarget(target)}: ${reason}`, {
      hint: describeRange(range),
    });
  const current = timeline === position.timeline;
  const archivedTo = current ? parseLsn(position.lsn) : undefined;
  const choose = (
    fits: (base: BackupManifest) => boolean,
    settings: RestorePlan["settings"],
    until?: Lsn,
  ): RestorePlan => {
    const chosen = usable.findLast(({ base }) => fits(base));
    if (!chosen) throw refuse("it is before the first backup that can be restored");
    const { base, wal } = chosen;
    const complete = archivedTo === undefined ? !wal.gap : wal.end >= archivedTo;
    if (!complete && (target.kind === "latest" || (until !== undefined && wal.end < until))) {
      throw missingWal(target, wal);
    }
    return {
      base,
      timeline,
      wal: until === undefined ? wal : upTo(wal, until),
      settings,
      endIsTarget: complete,
    };
  };
  switch (target.kind) {
    case "latest":
      return choose(() => true, {});
    case "time":
      if (target.timeMs > options.nowMs) throw refuse("it is in the future");
      if (current && target.timeMs > position.timeMs) throw refuse("the archive has not come so far");
      return choose((base) => base.stoppedMs <= target.timeMs, { recovery_target_time: target.text });
    case "lsn":
      if (archivedTo !== undefined && target.lsn > archivedTo)
        throw refuse("the archive has not come so far");
      return choose(
        (base) => parseLsn(base.stopLsn) <= target.lsn,
        { recovery_target_lsn: formatLsn(target.lsn), recovery_target_inclusive: false },
        target.lsn,
      );
    case "xid": {
      const plan = choose((base) => BigInt(base.nextTransaction) <= target.xid, {
        recovery_target_xid: String(target.xid),
      });
      // Its absence is not "the end".
      return { ...plan, endIsTarget: false };
    }
    case "name": {
      const at = parseLsn(options.point!.lsn);
      if (archivedTo !== undefined && at > archivedTo) throw refuse("the archive has not come so far");
      const plan = choose((base) => parseLsn(base.stopLsn) <= at, { recovery_target_name: target.name }, at);
      return { ...plan, endIsTarget: false };
    }
  }
}

interface UsableBackup {
  base: BackupManifest;
  wal: WalCoverage;
}

/** Backups on the way to the timeline whose own WAL is all there; oldest first. */
function usableBackups({ backups, inventory }: RestoreCatalogue, timeline: number): UsableBackup[] {
  const history = inventory.histories.get(timeline);
  if (!history) return [];
  return backups.flatMap((base) => {
    if (!liesOnWay(history, base)) return [];
    const wal = walCoverage(inventory, timeline, parseLsn(base.startLsn));
    return wal.end >= parseLsn(base.stopLsn) ? [{ base, wal }] : [];
  });
}

/** Only what recovery reads to come to `until`: the segment with it, and the next, in which the record behind it may lie. */
function upTo(wal: WalCoverage, until: Lsn): WalCoverage {
  const needed = wal.pieces.findIndex((piece) => parseSegmentName(piece.segment)!.start > until);
  return needed === -1 ? wal : { ...wal, pieces: wal.pieces.slice(0, needed + 1) };
}

export const missingWal = (target: RecoveryTarget, wal: WalCoverage): WalGapError =>
  new WalGapError(
    `Cannot restore to ${describeTarget(target)}: WAL behind ${formatLsn(wal.end)} is missing in the archive`,
    {
      hint: `The newest point before it is LSN ${formatLsn(wal.end)}.`,
    },
  );

const describeRange = ({ earliest, latest }: RestoreRange): string =>
  `Times from ${new Date(earliest.timeMs).toISOString()} to ${new Date(latest.timeMs).toISOString()} can be restored, or LSNs from ${formatLsn(earliest.lsn)} to ${formatLsn(latest.lsn)}.`;
