import { TooManyAttemptsError } from "../../errors.ts";

export interface AttemptLimit {
  /** Failures in the window, before further attempts are refused. */
  failures: number;
  windowMs: number;
}

interface Count {
  failures: number;
  endsAtMs: number;
}

/** Strangers with many addresses must not fill the memory. */
const mostKeys = 20_000;

/** Counts failures by what they are about; kept in memory, a window long. */
export class AttemptLimits {
  private readonly counts = new Map<string, Count>();

  constructor(private readonly now: () => number = Date.now) {}

  /** @throws TooManyAttemptsError when one of the keys has had its failures */
  admit(keys: Record<string, AttemptLimit>): void {
    for (const [key, { failures }] of Object.entries(keys)) {
      const count = this.current(key);
      if (count && count.failures >= failures) throw new TooManyAttemptsError(count.endsAtMs - this.now());
    }
  }

  fail(keys: Record<string, AttemptLimit>): void {
    for (const [key, { windowMs }] of Object.entries(keys)) {
      const count = this.current(key) ?? { failures: 0, endsAtMs: this.now() + windowMs };
      count.failures++;
      this.counts.delete(key);
      this.counts.set(key, count);
    }
    // The ones that were counted longest ago.
    for (const key of this.counts.keys()) {
      if (this.counts.size <= mostKeys) break;
      this.counts.delete(key);
    }
  }

  forgive(keys: Record<string, AttemptLimit>): void {
    for (const key of Object.keys(keys)) this.counts.delete(key);
  }

  private current(key: string): Count | undefined {
    const count = this.counts.get(key);
    if (count && count.endsAtMs > this.now()) return count;
    this.counts.delete(key);
    return undefined;
  }
}

/** Of an address: whoever has it, its /64 with IPv6, which one person has whole. */
export function addressKey(address: string): string {
  if (!address.includes(":")) return `address ${address}`;
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const groups = head.split(":").filter(Boolean);
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").filter(Boolean).length;
  const all = [...groups, ...Array.from({ length: missing }, () => "0"), ...(tail ?? "").split(":")];
  return `address ${all.slice(0, 4).join(":")}::/64`;
}
