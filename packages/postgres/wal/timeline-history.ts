import { type Lsn, parseLsn } from "./lsn.ts";

/** A stretch of a timeline: it was left at `end` for the next; the newest has none. */
export interface TimelineStretch {
  timeline: number;
  end: Lsn | undefined;
}

export const historyFileName = (timeline: number): string =>
  `${timeline.toString(16).toUpperCase().padStart(8, "0")}.history`;

/**
 * The way to `timeline`, oldest first, from its history file (`parent  switch point  reason`, one a line).
 * https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-TIMELINES
 *
 * @param text empty for timeline 1, which has no file.
 */
export function parseTimelineHistory(timeline: number, text: string): TimelineStretch[] {
  const ancestors = text
    .split("\n")
    .map((line) => /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line))
    .filter((match) => match !== null)
    .map((match) => ({ timeline: Number(match[1]), end: parseLsn(match[2]!) }));
  return [...ancestors, { timeline, end: undefined }];
}

/** The timeline on which `position` lies on the way `history`. A switch point itself belongs to the newer one. */
export function timelineAt(history: TimelineStretch[], position: Lsn): number {
  return history.find((stretch) => stretch.end === undefined || position < stretch.end)!.timeline;
}
