const units: Record<string, number> = { second: 1, minute: 60, hour: 3_600, day: 86_400 };

/** `'30 minutes'` → 1800. Nothing for what is no duration, is zero, or longer than 30 days. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,4}) (second|minute|hour|day)s?$/.exec(text.trim());
  if (!match) return undefined;
  const seconds = Number(match[1]) * units[match[2]!]!;
  return seconds > 0 && seconds <= 30 * 86_400 ? seconds : undefined;
}
