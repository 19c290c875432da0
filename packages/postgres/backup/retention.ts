import type { WalInventory } from "../archive/wal-inventory.ts";
import { type Lsn, lsn, parseLsn, parseSegmentName, segmentStart, walSegmentBytes } from "../wal/lsn.ts";
import { type BackupManifest, liesOnWay } from "./backup-manifest.ts";
import type { BackupClause } from "./backup-schedule.ts";

type KnownBackup = Pick<BackupManifest, "id" | "label" | "timeline" | "startLsn" | "stopLsn" | "stoppedMs">;

export interface RetentionInput {
  backups: KnownBackup[];
  inventory: WalInventory;
  clauses: BackupClause[];
  nowMs: number;
  /** For backups whose label no clause bears (`manual`, `migration`); default 30 days. */
  otherKeepMs?: number;
}

export interface RetentionPlan {
  /** Ids, oldest first. */
  expiredBackups: string[];
  /** Names of segments, complete or not. */
  expiredSegments: string[];
  /** Why each kept backup is kept. */
  kept: { id: string; reason: string }[];
}

const thirtyDaysMs = 30 * 86_400_000;

/**
 * What may be removed. Nothing goes that a promise needs:
 *
 * - a backup within its clause's time, and the WAL from its begin to its end, without which it cannot be restored;
 * - for `continuous`, the newest backup before that time's begin and all WAL since, on the way to the present timeline and
 *   on the way to each one that was left within that time: the hours that a restore undid are among what was promised;
 * - without it, the newest backup on the way to the present timeline and all WAL since, so that `latest` can be restored to.
 *
 * Pure; when in doubt it keeps.
 */
export function planRetention(input: RetentionInput): RetentionPlan {
  const backups = [...input.backups].sort((a, b) => a.stoppedMs - b.stoppedMs);
  if (backups.length === 0) return { expiredBackups: [], expiredSegments: [], kept: [] };
  const reasons = new Map<string, string>();
  for (const backup of backups) {
    const until = backup.stoppedMs + keepMsOf(backup.label, input);
    if (until > input.nowMs)
      reasons.set(backup.id, `"${backup.label}" keeps it until ${new Date(until).toISOString()}`);
  }
  const windows = input.clauses
    .filter((clause) => clause.kind === "continuous")
    .map((clause) => clause.keepMs);
  const windowBeginMs = input.nowMs - Math.max(0, ...windows);
  const ways = promisedTimelines(input.inventory, windowBeginMs).map((timeline) =>
    planWay(timeline, backups, input.inventory, windowBeginMs),
  );
  for (const { anchor } of ways) {
    if (anchor && !reasons.has(anchor.id)) {
      const reason = windows.length > 0 ? "points of the continuous window need it" : "it is the newest";
      reasons.set(anchor.id, reason);
    }
  }
  const kept = backups.filter((backup) => reasons.has(backup.id));
  return {
    expiredBackups: backups.filter((backup) => !reasons.has(backup.id)).map(({ id }) => id),
    expiredSegments: expiredSegments(input.inventory, kept, ways),
    kept: kept.map(({ id }) => ({ id, reason: reasons.get(id)! })),
  };
}

function keepMsOf(label: string, { clauses, otherKeepMs = thirtyDaysMs }: RetentionInput): number {
  const matching = clauses.filter((clause) => clause.kind === label);
  return matching.length > 0 ? Math.max(...matching.map((clause) => clause.keepMs)) : otherKeepMs;
}

/** The present timeline, which none has left, and those that were left since the window's begin. */
function promisedTimelines({ histories, begunMs }: WalInventory, windowBeginMs: number): number[] {
  return [...histories.keys()].filter((timeline) => {
    const successors = [...histories].filter(
      ([other, way]) => other !== timeline && way.some((stretch) => stretch.timeline === timeline),
    );
    const leftMs = Math.min(...successors.map(([other]) => begunMs.get(other) ?? Number.POSITIVE_INFINITY));
    return leftMs > windowBeginMs;
  });
}

interface Way {
  /** Timelines on it. */
  timelines: Set<number>;
  anchor: KnownBackup | undefined;
  /** All WAL from here on is needed. */
  from: Lsn;
}

function planWay(
  timeline: number,
  backups: KnownBackup[],
  inventory: WalInventory,
  windowBeginMs: number,
): Way {
  const history = inventory.histories.get(timeline)!;
  const usable = backups.filter((backup) => liesOnWay(history, backup));
  const anchor = usable.findLast((backup) => backup.stoppedMs <= windowBeginMs) ?? usable[0];
  return {
    timelines: new Set(history.map((stretch) => stretch.timeline)),
    anchor,
    // Without a backup its WAL may be all there is of it.
    from: anchor ? segmentStart(parseLsn(anchor.startLsn)) : lsn(0n),
  };
}

function expiredSegments(inventory: WalInventory, kept: KnownBackup[], ways: Way[]): string[] {
  const own = kept.map((backup) => ({
    timeline: backup.timeline,
    start: segmentStart(parseLsn(backup.startLsn)),
    // The segment after the end too: the record behind the last one of the backup may begin there.
    end: lsn(segmentStart(parseLsn(backup.stopLsn)) + BigInt(2 * walSegmentBytes)),
  }));
  const needed = (timeline: number, start: Lsn): boolean =>
    ways.some((way) => way.timelines.has(timeline) && start >= way.from) ||
    // A backup's WAL may continue in a younger timeline's copy of its segment.
    own.some((range) => timeline >= range.timeline && start >= range.start && start < range.end);
  const names = new Set([...inventory.segments, ...inventory.tails.keys()]);
  return [...names]
    .filter((name) => {
      const segment = parseSegmentName(name);
      return segment !== undefined && !needed(segment.timeline, segment.start);
    })
    .sort();
}
