/** The hot standby of a database, a part of its `cluster.json`. */
export interface StandbyRecord {
  /** Its data directory. */
  dataDir: string;
  /** Names its socket. */
  port: number;
  /** Commits are to wait for it. */
  sync: boolean;
  /**
   * Since when it is not in step with the primary; absent: it is. On disk before the first commit that does not wait for it, so that nobody takes
   * over in silence what lacks commits.
   */
  awaySinceMs?: number;
  createdAtMs: number;
  /** Its removal was begun: it is taken up again after a crash. */
  removing?: true;
}

/** The primary before, fenced. */
export interface FormerPrimary {
  dataDir: string;
  /** As its standby was. */
  sync: boolean;
}

/** Its slot on the primary, and its application name. */
export const standbySlot = "evenkeel_standby";
