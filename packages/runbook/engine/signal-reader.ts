import type { Condition } from "../language/condition.ts";

/** Of what a clause speaks: what is released in an environment. */
export interface Target {
  /** The deployment that answers; absent where nothing is released. */
  deployment?: string;
  /** When it was released, in seconds since the epoch: what was before is none of its. */
  sinceS: number;
  /** It came by a rollback: whether that one cools down counts for it alone. */
  broughtBack?: boolean;
}

/** What is known of a condition's measure in a window. */
export interface WindowReading {
  /** Seconds of the window that are known. */
  knownS: number;
  /** Requests, or values of a distribution; seconds with a level for gauges. */
  samples: number;
  /** How many of the samples are beyond the threshold (for `ratio` the part, for `quantile` the values above). */
  beyond: number;
  /** Sum over the window: of a count, or of a gauge's levels second by second. */
  sum: number;
  /** For `share`: sum of what it is a share of. */
  whole: number;
  /** For `failures`: how many of the newest results in a row failed. */
  failedInARow: number;
}

/** The signals of one app environment, as the engine asks for them. */
export interface SignalReader {
  /** Of the seconds after `fromS` up to `toS`. */
  read(
    condition: Condition,
    target: Target,
    detail: string | undefined,
    fromS: number,
    toS: number,
  ): WindowReading;
}
