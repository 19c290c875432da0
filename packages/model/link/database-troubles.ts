import { formatDuration } from "../units.ts";
import type { DatabaseReport } from "./databases-protocol.ts";

const dayMs = 86_400_000;
/** A verification that failed or was slept through is made up for within a day; beyond this nobody does it. */
const overdueAfterMs = 2 * dayMs;

/** What is promised about a database's backups and is not kept now, in sentences. Pure. */
export function databaseTroubles(database: DatabaseReport, nowMs: number): string[] {
  const { app, environment, archiveError, archiveBehindMs } = database;
  const what = `the database of ${app}/${environment}`;
  return [
    ...archiveTroubles(what, archiveError?.message, archiveBehindMs),
    ...unproved(database, what, nowMs),
    ...standbyTroubles(database, what),
  ];
}

export function archiveTroubles(
  what: string,
  error: string | undefined,
  behindMs: number | undefined,
): string[] {
  if (error !== undefined) return [`Nothing of ${what} reaches the archive: ${error}`];
  return behindMs === undefined ? [] : [`The archive of ${what} is ${formatDuration(behindMs)} behind`];
}

function unproved(
  { verification, verifiedEveryDays, createdAtMs, app }: DatabaseReport,
  what: string,
  nowMs: number,
) {
  if (verification?.verdict === "failed") {
    const when = new Date(verification.startedMs).toISOString();
    return [
      `The verification of ${what} of ${when} failed: its backups may not restore (evenkeel db evidence ${app})`,
    ];
  }
  const sinceMs = nowMs - (verification?.startedMs ?? createdAtMs);
  if (verifiedEveryDays === 0 || sinceMs <= verifiedEveryDays * dayMs + overdueAfterMs) return [];
  return [`${capitalised(what)} was not verified for ${formatDuration(sinceMs)} (evenkeel db verify ${app})`];
}

function standbyTroubles({ app, standby, formerPrimary }: DatabaseReport, what: string): string[] {
  if (!standby) {
    return formerPrimary === undefined
      ? []
      : [
          `${capitalised(what)} failed over and has no standby now: see to the former primary, then evenkeel db failback ${app}`,
        ];
  }
  if (standby.state === "refused") return [`The standby of ${what} is refused: ${standby.error?.message}`];
  if (standby.syncSuspendedMs === undefined) return [];
  const since = new Date(standby.syncSuspendedMs).toISOString();
  return [`Commits of ${what} do not wait for its standby since ${since}: it is not in step`];
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
