import { formatDuration, formatSize } from "@evenkeel/model";

/** A measured value in its unit of the catalogue, short: `1.2 k/s`, `35 ms`, `180 MiB`. */
export function formatValue(value: number, unit: string): string {
  switch (unit) {
    case "ms":
      return value < 1_000 ? `${short(value)} ms` : formatDuration(value);
    case "s":
      return formatDuration(value * 1_000);
    case "bytes":
      return formatSize(value < 10 ? value : Math.round(value));
    case "bytes/s":
      return `${formatSize(value < 10 ? Number(value.toFixed(1)) : Math.round(value))}/s`;
    case "share":
      return `${short(value * 100)} %`;
    case "micro-USD":
      return `${(value / 1_000_000).toFixed(value < 10_000 ? 4 : 2)} $`;
    case "cores":
      return `${short(value)} cores`;
    default:
      return unit.endsWith("/s") ? `${short(value)} /s` : short(value);
  }
}

/** Three digits that matter, thousands and millions by letter. */
function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1_000_000) return `${digits(value / 1_000_000)} M`;
  if (size >= 10_000) return `${digits(value / 1_000)} k`;
  return digits(value);
}

const digits = (value: number): string => {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return String(Math.round(value));
  return size >= 10 ? value.toFixed(1) : size >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
};
