import { BeaconMalformedError } from "../errors.ts";
import { RateLimit } from "../intake-limits.ts";
import type { AnalyticsStore } from "./analytics-store.ts";
import { type PageVitals, readVisit, readVitals, type Vital } from "./read-beacon.ts";
import { type Device, deviceOf, isProgram, type Sender, type VisitorHash } from "./visitor.ts";

export type BeaconKind = "view" | "event" | "vitals";

export interface BeaconAnswer {
  status: 200 | 400 | 429;
  message: string;
}

const taken: BeaconAnswer = { status: 200, message: "OK" };
const tooMany: BeaconAnswer = { status: 429, message: "Too many beacons" };

/** Takes what pages send. Programs are answered like everybody and not counted. */
export class AnalyticsIntake {
  /** Nobody turns pages faster. */
  private readonly visitorLimit = new RateLimit(2, 60);
  private readonly appLimit = new RateLimit(200, 2_000);

  constructor(
    private readonly store: AnalyticsStore,
    private readonly visitors: VisitorHash,
    /** Hears what was taken. */
    private readonly onVitals: (sender: Sender, vitals: readonly Vital[]) => void = () => {},
  ) {}

  /** @param host that the page was asked at, without port */
  take(kind: BeaconKind, body: Uint8Array, host: string, sender: Sender, nowMs: number): BeaconAnswer {
    if (isProgram(sender.userAgent)) return taken;
    const visitor = this.visitors.of(sender, nowMs);
    // Behind a proxy on this machine all visitors come from one address, and those with one browser cannot be told apart.
    const isOne = !/^(?:127\.|::1$|$)/.test(sender.address);
    if (isOne && !this.visitorLimit.take(visitor, 1, nowMs)) return tooMany;
    if (!this.appLimit.take(`${sender.app}/${sender.environment}`, 1, nowMs)) return tooMany;
    try {
      const device = deviceOf(sender.userAgent);
      const fits =
        kind === "vitals"
          ? this.takeVitals(readVitals(body, host), sender, visitor, device, nowMs)
          : this.store.addVisit(sender, readVisit(kind, body, host), visitor, device, nowMs);
      return fits ? taken : tooMany;
    } catch (error) {
      if (error instanceof BeaconMalformedError) return { status: 400, message: error.message };
      throw error;
    }
  }

  private takeVitals(
    page: PageVitals,
    sender: Sender,
    visitor: string,
    device: Device,
    nowMs: number,
  ): boolean {
    const fits = this.store.addVitals(sender, page, visitor, device, nowMs);
    if (fits) this.onVitals(sender, page.vitals);
    return fits;
  }
}
