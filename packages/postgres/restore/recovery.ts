import { readFileSync, rmSync } from "node:fs";
import { RecoveryFailedError, RecoveryTargetError, ServerStartError } from "../errors.ts";
import { startCluster } from "../server/cluster.ts";
import type { ServerAccount } from "../server/server-account.ts";
import type { ServerBinaries } from "../server/server-binaries.ts";
import { serverLogPath } from "../server/server-log.ts";
import { type ServerSettings, unsafeSettings } from "../server/server-settings.ts";
import { describeTarget, type RecoveryTarget } from "./recovery-target.ts";
import { missingWal, type RestorePlan } from "./restore-plan.ts";

/** Where recovery ended, in the server's own words. */
export interface RecoveredPoint {
  timeline: number;
  /** Of the last record that was replayed. */
  lsn: string | undefined;
  /** Commit time of the last transaction in it; undefined when no transaction was replayed. */
  lastCommitTime: string | undefined;
  /** Where the target was met; undefined when the end of the archive was. */
  stopped: string | undefined;
}

interface RecoveryPlace {
  dataDir: string;
  socketDir: string;
  account: ServerAccount | undefined;
  binaries: ServerBinaries | undefined;
  throwAway: boolean;
  limitMs: number;
}

const endedEarly = "recovery ended before configured recovery target was reached";

/**
 * Lets the server recover to the plan's target and shuts it down. Nobody can connect meanwhile: not before the target is
 * reached, as it is no hot standby, and not from outside, as it has no port.
 */
export async function recover(
  plan: RestorePlan,
  target: RecoveryTarget,
  place: RecoveryPlace,
): Promise<RecoveredPoint> {
  try {
    return await run(plan.settings, plan, place);
  } catch (error) {
    const log = readFileSync(serverLogPath(place.dataDir), "utf8");
    if (!(error instanceof ServerStartError)) throw error;
    if (!log.includes(endedEarly)) {
      throw new RecoveryFailedError(`Recovery to ${describeTarget(target)} failed: ${error.message}`, {
        cause: error,
      });
    }
    if (target.kind === "xid" || target.kind === "name") {
      throw new RecoveryTargetError(
        `Cannot restore to ${describeTarget(target)}: the archive's WAL does not contain it`,
        {
          hint: "It was rolled back, or happened on another timeline.",
        },
      );
    }
    if (!plan.endIsTarget) throw missingWal(target, plan.wal);
  }
  // No commit lies between the archive's end and the target, so the end is what was asked for.
  return run({}, plan, place);
}

async function run(
  targetSettings: RestorePlan["settings"],
  plan: RestorePlan,
  place: RecoveryPlace,
): Promise<RecoveredPoint> {
  rmSync(serverLogPath(place.dataDir), { force: true });
  const settings: ServerSettings = {
    ...(place.throwAway ? unsafeSettings : {}),
    // The whole folder is brought to disk before it gets its name: until then a crash leaves nothing that anybody would open.
    fsync: false,
    ...targetSettings,
    recovery_target_timeline: String(plan.timeline),
    recovery_target_action: "promote",
    // All there is lies in pg_wal already; the server insists on a command, and takes failure for "not there".
    restore_command: "false",
    archive_mode: "off",
    hot_standby: false,
    // Memory for replay, which nobody else uses yet.
    shared_buffers: "128MB",
    max_wal_size: "4GB",
    // The files have just been written: what replay reads is in the system's cache.
    recovery_prefetch: "off",
    autovacuum: false,
  };
  const cluster = await startCluster({
    dataDir: place.dataDir,
    socketDir: place.socketDir,
    account: place.account,
    binaries: place.binaries,
    settings,
    startLimitMs: place.limitMs,
  });
  const log = readFileSync(serverLogPath(place.dataDir), "utf8");
  await cluster.stop("fast", 600_000);
  return {
    timeline: Number(/selected new timeline ID: (\d+)/.exec(log)?.[1] ?? plan.timeline),
    lsn: /redo done at ([0-9A-F]+\/[0-9A-F]+)/.exec(log)?.[1],
    lastCommitTime: /last completed transaction was at log time (.+)/.exec(log)?.[1],
    stopped: /recovery stopping (.+)/.exec(log)?.[1],
  };
}
