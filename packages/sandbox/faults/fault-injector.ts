import { SeededRandom } from "../accounts/seeded-random.ts";
import type { Collection } from "../store/collection.ts";
import { type Fault, type FaultRule, type FaultTarget, type FaultType, isAimedAt } from "./fault-rule.ts";

/** Decides what goes wrong in one account, and notes it in the rules, whose list with the seed is all that a replay needs. */
export class FaultInjector {
  constructor(
    readonly rules: Collection<FaultRule>,
    private readonly seed: () => string,
  ) {}

  /** The faults of these types that strike this target now, in the order of their rules. Counts them. */
  strike(target: FaultTarget, types: readonly FaultType[]): Fault[] {
    if (this.rules.size === 0) return [];
    return this.rules
      .values()
      .filter((rule) => types.includes(rule.fault.type) && isAimedAt(rule, target) && this.decide(rule))
      .map((rule) => rule.fault);
  }

  /** By how much the provider's clock is wrong now, in milliseconds. */
  skewMs(provider: string): number {
    let skewMs = 0;
    if (this.rules.size === 0) return skewMs;
    for (const rule of this.rules.values()) {
      if (rule.fault.type === "clock_skew" && isAimedAt(rule, { provider, subject: "" }))
        skewMs += rule.fault.ms;
    }
    return skewMs;
  }

  private decide(rule: FaultRule): boolean {
    if (rule.times !== undefined && rule.struck.length >= rule.times) return false;
    rule.matched++;
    const strikes = rule.replays
      ? rule.replays.includes(rule.matched)
      : new SeededRandom(this.seed(), "fault", rule.id, rule.matched).chance(rule.probability);
    if (strikes) rule.struck.push(rule.matched);
    this.rules.put(rule.id, rule);
    return strikes;
  }
}
