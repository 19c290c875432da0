import { Ground, type GroundSettings } from "../bench/ground.ts";
import { Random } from "./random.ts";

export interface ChaosSettings extends Omit<GroundSettings, "name"> {
  seed: number;
  /** Minutes instead of the whole number of cases. */
  isShort: boolean;
  /** What keeps the promise is taken out. */
  isControl: boolean;
}

/** What a running programme works with. */
export class Chaos extends Ground {
  readonly random: Random;
  readonly isShort: boolean;
  readonly isControl: boolean;

  constructor({ seed, isShort, isControl, ...ground }: ChaosSettings) {
    super({ ...ground, name: "chaos" });
    this.random = new Random(seed);
    this.isShort = isShort;
    this.isControl = isControl;
  }

  /** How many of something: in the whole programme, in the short one, in its control. */
  amount({ whole, short, control }: { whole: number; short: number; control: number }): number {
    return this.isControl ? control : this.isShort ? short : whole;
  }
}
