import { InvalidValueError } from "./errors.ts";

const durationUnitsMs: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Reads `500ms`, `15 min`, `1h30m`, `7d` into milliseconds. A bare number has no unit and is refused. */
export function parseDurationMs(text: string): number {
  const compact = text.trim().toLowerCase();
  const parts = [...compact.matchAll(/(\d+(?:\.\d+)?)\s*(ms|min|[smhdw])\s*/gy)];
  const read = parts.reduce((length, part) => length + part[0].length, 0);
  if (parts.length === 0 || read !== compact.length) {
    throw new InvalidValueError(`Duration ${JSON.stringify(text.slice(0, 80))} cannot be read`, {
      hint: "Write a number and a unit: 500ms, 30s, 15min, 1h30m, 7d, 12w.",
    });
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * durationUnitsMs[part[2]!]!, 0);
}

/** `90 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const units: [number, string][] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = units.findIndex(([size]) => seconds >= size);
  const [size, name] = units[first]!;
  const whole = Math.floor(seconds / size);
  const next = units[first + 1];
  const rest = next ? Math.floor((seconds - whole * size) / next[0]) : 0;
  return rest > 0 ? `${whole} ${name} ${rest} ${next![1]}` : `${whole} ${name}`;
}

const sizeUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Reads `512MB`, `1.5 GiB`, `64k`. As operations people expect, units are powers of 1,024. */
export function parseSizeBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(b|[kmgt](?:i?b)?)?$/.exec(text.trim().toLowerCase());
  if (!match) {
    throw new InvalidValueError(`Size ${JSON.stringify(text.slice(0, 80))} cannot be read`, {
      hint: "Write a number and a unit: 512MB, 2GiB, 64k.",
    });
  }
  const power = match[2] === undefined || match[2] === "b" ? 0 : "bkmgt".indexOf(match[2][0]!);
  return Math.round(Number(match[1]) * 1024 ** power);
}

/** `812 B`, `1.5 MiB`. */
export function formatSize(bytes: number): string {
  let power = 0;
  let value = bytes;
  while (value >= 1_024 && power < sizeUnits.length - 1) {
    value /= 1_024;
    power++;
  }
  return `${power === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${sizeUnits[power]}`;
}

/** Reads `80%`, `0.5 %` into a fraction (0.8, 0.005). */
export function parsePercent(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
  if (!match) {
    throw new InvalidValueError(`Percentage ${JSON.stringify(text.slice(0, 80))} cannot be read`, {
      hint: "Write a number and a percent sign: 80%, 0.5%.",
    });
  }
  return Number(match[1]) / 100;
}
