/** From the least to the most severe; a line of unknown level has the one that its stream suggests. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

const levelsOfNames: Record<string, LogLevel> = {
  trace: "trace",
  verbose: "trace",
  silly: "trace",
  finest: "trace",
  debug: "debug",
  http: "debug",
  info: "info",
  information: "info",
  informational: "info",
  notice: "info",
  success: "info",
  log: "info",
  default: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  err: "error",
  exception: "error",
  fatal: "fatal",
  critical: "fatal",
  crit: "fatal",
  alert: "fatal",
  emerg: "fatal",
  emergency: "fatal",
  panic: "fatal",
};

/** Of a name as any of the usual libraries writes it, or of pino's and bunyan's numbers (10, 20, … 60); undefined where it is neither. */
export function readLevel(value: unknown): LogLevel | undefined {
  if (typeof value === "string") return levelsOfNames[value] ?? levelsOfNames[value.toLowerCase()];
  if (typeof value !== "number" || !(value >= 10)) return undefined;
  // Between two of their levels stands what a library added: it counts as the lower one, as their own filters do.
  return logLevels[Math.min(5, Math.floor(value / 10) - 1)];
}

/** At the beginning of a line of text, after a time if there is one: `[error]`, `WARN:`, `2026-01-02 10:00:00 INFO`. */
const leadingLevel =
  /^(?:[[(]?[\d:T.,+Z /-]{8,35}[\])]?\s+)?[[(<]?(trace|debug|info|notice|warn(?:ing)?|error|fatal|critical|panic)[\])>]?(?=[:\s|-]|$)/i;

export function levelOfText(text: string): LogLevel | undefined {
  const found = leadingLevel.exec(text.length > 80 ? text.slice(0, 80) : text)?.[1];
  return found === undefined ? undefined : readLevel(found);
}

/** The bits of a level and all that are more severe. */
export function levelsFrom(level: LogLevel): number {
  return (0b111111 << logLevels.indexOf(level)) & 0b111111;
}
