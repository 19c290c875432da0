import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ClientConfig } from "pg";
import { readControlFile, systemIdOf } from "../backup/control-file.ts";
import { WalStream } from "../client/wal-stream.ts";
import { StandbyDivergedError, StandbyForeignError } from "../errors.ts";
import { formatLsn, type Lsn, lsn } from "../wal/lsn.ts";
import { parseTimelineHistory, type TimelineStretch } from "../wal/timeline-history.ts";

/** What `pg_control` says of a cluster. Offsets of `ControlFileData` in PostgreSQL's `pg_control.h`. */
export interface ClusterState {
  systemId: string;
  timeline: number;
  /** Of its last checkpoint; a standby has replayed at least so much. */
  checkpoint: Lsn;
  wasShutDown: boolean;
}

export function clusterState(dataDir: string): ClusterState {
  const control = readControlFile(dataDir);
  return {
    systemId: systemIdOf(control),
    timeline: control.readUInt32LE(48),
    checkpoint: lsn(control.readBigUInt64LE(32)),
    // `DB_SHUTDOWNED`
    wasShutDown: control.readUInt32LE(16) === 1,
  };
}

export interface PrimaryLineage {
  systemId: string;
  history: TimelineStretch[];
}

export async function readLineage(primary: ClientConfig): Promise<PrimaryLineage> {
  const stream = await WalStream.open(primary, "evenkeel_lineage");
  try {
    const { systemId, timeline } = await stream.identify();
    return { systemId, history: parseTimelineHistory(timeline, await stream.timelineHistory(timeline)) };
  } finally {
    stream.close();
  }
}

/**
 * Whether what lies in `dataDir` can follow the primary. Pure but for the folder.
 *
 * @param replayed how far it is, where its server runs; else its last checkpoint counts
 * @throws StandbyForeignError of another cluster, or of none. @throws StandbyDivergedError where it went on where the primary did not
 */
export function requireFollower(dataDir: string, primary: PrimaryLineage, replayed?: Lsn): void {
  if (!existsSync(join(dataDir, "PG_VERSION"))) {
    if (existsSync(dataDir) && readdirSync(dataDir).length > 0) {
      throw new StandbyForeignError(`${dataDir} holds something that is no cluster`, {
        hint: "Move it away, or name another folder: evenkeel db standby add APP --path FOLDER",
      });
    }
    throw new StandbyDivergedError(`The standby's data directory ${dataDir} is gone`, {
      hint: "It is made anew by itself.",
    });
  }
  const state = clusterState(dataDir);
  if (state.systemId !== primary.systemId) {
    throw new StandbyForeignError(
      `${dataDir} holds cluster ${state.systemId}; the primary is ${primary.systemId}`,
      {
        hint: "Somebody has put another cluster there. Move it away, then: evenkeel db standby remove APP, and add it again.",
      },
    );
  }
  const reached = replayed ?? state.checkpoint;
  const stretch = primary.history.find(({ timeline }) => timeline === state.timeline);
  if (stretch && (stretch.end === undefined || reached <= stretch.end)) return;
  const at = `timeline ${state.timeline} at ${formatLsn(reached)}`;
  throw new StandbyDivergedError(
    stretch
      ? `The standby is on ${at}; the primary left that timeline at ${formatLsn(stretch.end!)}`
      : `The standby is on ${at}, which is not in the primary's history`,
    { hint: "The primary was restored to an earlier point. The standby is made anew by itself." },
  );
}
