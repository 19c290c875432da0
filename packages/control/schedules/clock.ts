/** Time as a scheduler sees it. */
export interface Clock {
  /** Unix milliseconds; may be set back and forth. */
  wallMs(): number;
  /** Only goes on. */
  steadyMs(): number;
}

export const systemClock: Clock = { wallMs: () => Date.now(), steadyMs: () => performance.now() };
