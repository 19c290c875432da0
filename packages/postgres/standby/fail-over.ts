import { chownSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";
import { type DatabaseFailover, errorJson, failoverSteps } from "@evenkeel/model";
import type { AppCluster } from "../app-cluster/app-cluster.ts";
import { archiveSlot } from "../archive/wal-receiver.ts";
import { synchronousSetting } from "../archive/zero-loss.ts";
import { withSession } from "../client/session.ts";
import { StandbyBehindError } from "../errors.ts";
import { fence, isFenced, liftFence } from "../server/fence.ts";
import { formatLsn } from "../wal/lsn.ts";
import { historyFileName, parseTimelineHistory } from "../wal/timeline-history.ts";
import type { FailoverLog } from "./failover-log.ts";
import { readReplayed } from "./follower-state.ts";
import { clusterState } from "./lineage.ts";
import { measureLoss } from "./lost-commits.ts";

export interface FailoverParts {
  /** Serves under the app's address; from `switch` on it is of the new data directory. */
  primary: AppCluster;
  standby: AppCluster;
  log: FailoverLog;
  spoolDir: string;
  /** Acknowledged commits are in the archive, too: so it stays. */
  zeroLoss: boolean;
  /** Makes durable that the primary is the other one now, and moves `primary`. May be repeated. */
  switchOver(failover: DatabaseFailover): void;
  /** Told of each step once it is on disk. */
  onStep: (step: DatabaseFailover["step"]) => void;
  /** A planned one did not come about: the primary serves again. */
  resumePrimary(): Promise<void>;
}

/** How long a standby may take to replay what the primary had when it was shut down. */
const catchUpLimitMs = 20_000;
const promoteLimitS = 60;

/**
 * Makes the standby the primary.
 *
 *   fence → promote → switch → serve → done
 *
 * The step is on disk before anything of it is done, and each may be repeated, so after a crash it goes on where it was:
 *
 * - `fence`: the former primary cannot write any more, whoever starts it. Only then
 * - `promote`: the standby leaves recovery on a timeline of its own, over its socket alone: nobody writes to it yet.
 * - `switch`: the record names its data directory: from here on there is only one primary that could be started.
 * - `serve`: it listens where the former one did, so connections that broke come back to it by themselves.
 *
 * Before `promote` a planned one may be given up, and the primary serves again; afterwards there is only the way forward.
 */
export async function failOver(parts: FailoverParts, begun: DatabaseFailover): Promise<DatabaseFailover> {
  const { log } = parts;
  let failover = begun;
  const note = (changes: Partial<DatabaseFailover>): void => {
    failover = { ...failover, ...changes };
    log.write(failover);
    if (changes.step) parts.onStep(changes.step);
  };
  const from = failoverSteps.indexOf(failover.step);
  if (from === 0) {
    parts.onStep("fence");
    try {
      await fenceFormer(parts, failover);
      if (failover.planned) await requireCaughtUp(parts, failover);
    } catch (error) {
      note({ state: "failed", error: errorJson(error) });
      // Somebody asked for it who can ask again; what failed by itself stays fenced, and the caller tries on.
      if (failover.planned) {
        liftFence(failover.from, { asStandby: false });
        await parts.resumePrimary();
      }
      throw error;
    }
    note({ step: "promote", fencedMs: Date.now() });
  }
  if (from <= 1) {
    note({ step: "switch", ...(await promote(parts)) });
  }
  if (from <= 2) {
    // After a crash its server is nobody's child; what it did is in its WAL.
    await (from === 2 ? parts.standby.kill() : parts.standby.stop("fast"));
    keepPromise(failover.to, parts.zeroLoss);
    parts.switchOver(failover);
    note({ step: "serve" });
  } else parts.switchOver(failover);
  await parts.primary.start();
  note({ state: "done", acceptedMs: Date.now() });
  // It serves already: counting what was lost may take a while.
  const lost = lossOf(parts, failover);
  if (lost) note({ lost });
  return failover;
}

async function fenceFormer(
  { primary }: FailoverParts,
  { planned, from, epoch }: DatabaseFailover,
): Promise<void> {
  const now = { epoch, fencedMs: Date.now() };
  if (planned) {
    if (isFenced(from)) return;
    // Adopts one that runs since before a crash. A shutdown ends when the standby has been sent everything.
    await primary.start();
    await primary.stop("fast");
    fence(from, now);
    return;
  }
  // The lock first, so that nobody starts it anew behind our back. A folder that is gone needs none.
  if (existsSync(from)) {
    try {
      fence(from, now);
    } catch (error) {
      // A disk that takes no writes takes none of the server's either, and the record will name another.
      if (!["ENOENT", "EIO", "EROFS", "ENOSPC"].includes((error as NodeJS.ErrnoException).code ?? ""))
        throw error;
    }
  }
  await primary.kill();
}

/** @throws StandbyBehindError */
async function requireCaughtUp({ standby }: FailoverParts, { from }: DatabaseFailover): Promise<void> {
  const { checkpoint, wasShutDown } = clusterState(from);
  const running = await standby.start();
  for (const deadline = Date.now() + catchUpLimitMs; ; await Bun.sleep(20)) {
    const replayed = await readReplayed(running.connectionOptions());
    // The end of a record is behind its begin.
    if (wasShutDown && replayed !== undefined && replayed > checkpoint) return;
    if (Date.now() < deadline) continue;
    throw new StandbyBehindError(
      `The primary was shut down at ${formatLsn(checkpoint)}, and the standby has ${replayed === undefined ? "nothing" : formatLsn(replayed)}`,
      { hint: "The primary serves again, nothing is lost. See the standby: evenkeel db standby list APP" },
    );
  }
}

async function promote({ standby }: FailoverParts): Promise<Partial<DatabaseFailover>> {
  const running = await standby.start();
  return withSession(
    { ...running.connectionOptions(), query_timeout: promoteLimitS * 1_000 + 5_000 },
    async (client) => {
      const { rows } = await client.query("SELECT pg_is_in_recovery() AS standby");
      if (rows[0].standby) await client.query("SELECT pg_promote(true, $1)", [promoteLimitS]);
      const { rows: now } = await client.query(
        `SELECT pg_is_in_recovery() AS standby,
              floor(extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000)::float8 AS kept,
              ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int AS timeline`,
      );
      const { timeline, kept } = now[0];
      return { timeline, ...(kept === null ? {} : { lastKeptMs: kept }) };
    },
  );
}

/** Commits wait for the archive from the first on, as they did before. */
function keepPromise(dataDir: string, zeroLoss: boolean): void {
  const setting = zeroLoss ? `synchronous_standby_names = '${synchronousSetting([archiveSlot])}'\n` : "";
  const path = join(dataDir, "postgresql.auto.conf");
  writeFileDurably(path, setting, 0o600);
  const { uid, gid } = statSync(dataDir);
  chownSync(path, uid, gid);
}

function lossOf(
  { spoolDir }: FailoverParts,
  { from, to, planned, timeline, lastKeptMs }: DatabaseFailover,
): DatabaseFailover["lost"] {
  if (planned) return { commits: 0, bytes: 0, seconds: 0, measuredBy: "primary" };
  if (timeline === undefined) return undefined;
  const history = parseTimelineHistory(
    timeline,
    readFileSync(join(to, "pg_wal", historyFileName(timeline)), "utf8"),
  );
  const left = history.at(-2);
  if (left?.end === undefined) return undefined;
  return measureLoss({ dataDir: from, spoolDir, timeline: left.timeline, switchedAt: left.end, lastKeptMs });
}
