import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "@evenkeel/disk";

/** What an app's log may be, in `settings.json` of its folder: written by control alone, read by whoever writes lines. */
export interface LogSettings {
  /** Segments whose newest line is older are removed. Default 14 days. */
  retentionDays: number;
  /** Bytes on disk; the oldest segments go first. Default 1 GiB. */
  budgetBytes: number;
  /** What a second may bring at length; bursts of ten seconds' worth are taken. Default 5,000. */
  linesPerSecond: number;
  /** Default 2 MiB. */
  bytesPerSecond: number;
  /** Names of fields that are not redacted. */
  safeFields: string[];
  /** Values that are not redacted, such as `support@example.com`; one that begins with `@` stands for all addresses of a domain. */
  safeValues: string[];
}

export const usualLogSettings: LogSettings = {
  retentionDays: 14,
  budgetBytes: 1024 ** 3,
  linesPerSecond: 5_000,
  bytesPerSecond: 2 * 1024 * 1024,
  safeFields: [],
  safeValues: [],
};

export const settingsFile = "settings.json";

/** Of an app's folder; what it does not say, or says unreadably, is as usual. */
export function readLogSettings(folder: string): LogSettings {
  try {
    return {
      ...usualLogSettings,
      ...(JSON.parse(readFileSync(join(folder, settingsFile), "utf8")) as object),
    };
  } catch {
    return usualLogSettings;
  }
}

export function writeLogSettings(folder: string, settings: Partial<LogSettings>): void {
  writeFileDurably(join(folder, settingsFile), JSON.stringify(settings), 0o600);
}
