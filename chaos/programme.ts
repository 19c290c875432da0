import type { Figure } from "../bench/report/figure.ts";
import type { Chaos } from "./chaos.ts";

/**
 * A promise, what is done to break it, and who says whether it held: one file each.
 *
 * Every programme is run twice. The second time something that keeps the promise is taken out (`chaos.isControl`); if nothing is missed then,
 * its faults or its oracle are too weak, and the first run proves nothing.
 */
export interface Programme {
  /** For `--only`. */
  name: string;
  title: string;
  /** What is done to what and who judges it, so that anybody can judge the programme or do it again. */
  conditions: string;
  control: {
    /** What is taken out, in words. */
    without: string;
    /** Figures that have to be missed then, each. */
    misses: string[];
  };
  /** Everything that is to be attacked, with whoever watches it from outside. */
  setUp(chaos: Chaos): Promise<Trial>;
}

export interface Trial {
  /** Does the harm; resolves when all of it is done. */
  strike(): Promise<void>;
  /** What those who watched have seen; nothing that was attacked is asked where they can tell. */
  judge(): Promise<Figure[]>;
}
