/** What a clock on the wall shows in a zone. */
export interface LocalTime {
  /** Days since 1970-01-01 there. */
  day: number;
  /** 0: Sunday. */
  weekday: number;
  minuteOfDay: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      ...{ timeZone: timezone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" },
      ...{ hour: "numeric", minute: "numeric" },
    });
    formats.set(timezone, format);
  }
  return format;
}

export function localTime(atMs: number, timezone: string): LocalTime {
  const parts = Object.fromEntries(
    formatOf(timezone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  ) as Record<"year" | "month" | "day" | "hour" | "minute", number>;
  const day = Date.UTC(parts.year, parts.month - 1, parts.day) / 86_400_000;
  return { day, weekday: (((day + 4) % 7) + 7) % 7, minuteOfDay: parts.hour * 60 + parts.minute };
}

/** The moment at which the clock there first shows that time of that day; where it is skipped, the moment after the gap. */
export function momentOf(day: number, minuteOfDay: number, timezone: string): number {
  const wantedMs = day * 86_400_000 + minuteOfDay * 60_000;
  let atMs = wantedMs;
  for (let round = 0; round < 3; round++) {
    const shown = localTime(atMs, timezone);
    const offMs = wantedMs - (shown.day * 86_400_000 + shown.minuteOfDay * 60_000);
    if (offMs === 0) break;
    atMs += offMs;
  }
  return atMs;
}
