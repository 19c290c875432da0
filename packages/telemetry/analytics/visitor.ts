import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFileDurably } from "@evenkeel/disk";
import type { TelemetryOwner } from "@evenkeel/model/link/telemetry-protocol";
import Bowser from "bowser";
import { isbot } from "isbot";

/** What a request says of who sent it. */
export interface Sender extends TelemetryOwner {
  address: string;
  userAgent: string;
}

interface Salt {
  /** `2030-01-31`, UTC. */
  day: string;
  /** base64 */
  salt: string;
}

/**
 * Tells visitors of one day apart without knowing any: a hash of address and browser under a salt that is forgotten with the day. What was stored
 * cannot be led back to an address then, nor to the same visitor's next day.
 */
export class VisitorHash {
  private current: Salt | undefined;

  constructor(private readonly saltPath: string) {}

  of({ app, environment, address, userAgent }: Sender, nowMs: number): string {
    const day = new Date(nowMs).toISOString().slice(0, 10);
    if (this.current?.day !== day) this.current = this.saltOf(day);
    return createHmac("sha256", Buffer.from(this.current.salt, "base64"))
      .update(JSON.stringify([app, environment, address, userAgent]))
      .digest("base64url")
      .slice(0, 16);
  }

  private saltOf(day: string): Salt {
    const kept = readSalt(this.saltPath);
    if (kept?.day === day) return kept;
    const fresh = { day, salt: randomBytes(32).toString("base64") };
    writeFileDurably(this.saltPath, JSON.stringify(fresh), 0o600);
    return fresh;
  }
}

function readSalt(path: string): Salt | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Salt;
  } catch {
    // Missing, or half of it: a new one only makes visitors of today count anew.
    return undefined;
  }
}

export interface Device {
  device: "desktop" | "mobile" | "tablet" | "other";
  browser: string;
  os: string;
}

/** Programs, crawlers and headless browsers, which are not counted; and whoever does not say what they are. */
export const isProgram = (userAgent: string): boolean => userAgent === "" || isbot(userAgent);

export function deviceOf(userAgent: string): Device {
  const { browser, os, platform } = Bowser.parse(userAgent);
  const { type } = platform;
  return {
    device: type === "desktop" || type === "mobile" || type === "tablet" ? type : "other",
    browser: browser.name || "other",
    os: os.name || "other",
  };
}
