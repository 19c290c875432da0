const bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/** Nobody measured. */
const unknown = "·";

/** One character for each value, from zero to the greatest; `null` is unknown and not zero. */
export function sparkline(values: readonly (number | null)[]): string {
  const greatest = Math.max(0, ...values.filter((value) => value !== null));
  return values
    .map((value) => {
      if (value === null) return unknown;
      if (greatest === 0) return bars[0]!;
      return bars[Math.min(bars.length - 1, Math.floor((value / greatest) * bars.length))]!;
    })
    .join("");
}
