const units = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(count: number | undefined): string {
  if (count === undefined || !Number.isFinite(count)) return "–";
  let unit = 0;
  let value = count;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function duration(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return "–";
  if (ms < 1_000) return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** 1 is all of it. */
export function share(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  const percent = value * 100;
  if (percent === 0) return "0 %";
  if (percent < 0.01) return "< 0.01 %";
  return `${percent < 1 ? percent.toFixed(2) : percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value)
    ? "–"
    : value < 10_000
      ? whole.format(value)
      : compact.format(value);

export const plural = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : many}`;

export const usd = (value: number | undefined): string =>
  value === undefined
    ? "–"
    : `$${value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(4)}`;

export function ago(ms: number, nowMs: number): string {
  const seconds = Math.round((nowMs - ms) / 1_000);
  const distance = Math.abs(seconds);
  const text =
    distance < 5
      ? "now"
      : distance < 60
        ? `${distance} s`
        : distance < 3_600
          ? `${Math.floor(distance / 60)} min`
          : distance < 86_400
            ? `${Math.floor(distance / 3_600)} h`
            : `${Math.floor(distance / 86_400)} d`;
  if (text === "now") return text;
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
}
