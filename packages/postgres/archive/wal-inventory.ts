import {
  formatLsn,
  type Lsn,
  lsn,
  parseSegmentName,
  segmentName,
  segmentStart,
  walSegmentBytes,
} from "../wal/lsn.ts";
import { historyFileName, parseTimelineHistory, type TimelineStretch } from "../wal/timeline-history.ts";
import type { Archive } from "./archive.ts";

/** How far the archive is: every commit up to `timeMs` (server's clock) is in it, up to `lsn`. */
export interface ArchivePosition {
  timeline: number;
  lsn: string;
  timeMs: number;
}

export interface TailPart {
  name: string;
  fromByte: number;
  toByte: number;
}

/** What WAL an archive holds, by names alone. */
export interface WalInventory {
  /** Names of complete segments. */
  segments: Set<string>;
  tails: Map<string, TailPart[]>;
  /** Every timeline's way, by timeline. */
  histories: Map<number, TimelineStretch[]>;
  /** When the archive heard of a timeline: about when it was begun. */
  begunMs: Map<number, number>;
}

export async function readWalInventory(archive: Archive): Promise<WalInventory> {
  // Tails first: while we look, one may be replaced by its complete segment, and must not be missing in both lists.
  const tails = await archive.list("tail/");
  const segments = await archive.list("wal/");
  const timelines = await archive.list("timelines/");
  const histories = new Map<number, TimelineStretch[]>([[1, parseTimelineHistory(1, "")]]);
  const begunMs = new Map<number, number>();
  for (const { key, modifiedMs } of timelines) {
    const timeline = Number.parseInt(key.slice("timelines/".length), 16);
    begunMs.set(timeline, modifiedMs);
    histories.set(timeline, parseTimelineHistory(timeline, Buffer.from(await archive.read(key)).toString()));
  }
  return {
    segments: new Set(segments.map(({ key }) => key.slice("wal/".length))),
    tails: groupTails(tails.map(({ key }) => key)),
    histories,
    begunMs,
  };
}

export const tailName = (segment: string, fromByte: number, toByte: number): string =>
  `tail/${segment}/${hex(fromByte)}-${hex(toByte)}`;

const hex = (value: number): string => value.toString(16).padStart(8, "0");

function groupTails(keys: string[]): Map<string, TailPart[]> {
  const tails = new Map<string, TailPart[]>();
  for (const name of keys) {
    const [, segment = "", range = ""] = name.split("/");
    const [from = "", to = ""] = range.split("-");
    const part = { name, fromByte: Number.parseInt(from, 16), toByte: Number.parseInt(to, 16) };
    tails.set(segment, [...(tails.get(segment) ?? []), part]);
  }
  return tails;
}

/** Parts that together give the longest unbroken beginning of a segment, and its length. */
export function joinTail(parts: TailPart[]): { parts: TailPart[]; bytes: number } {
  const chosen: TailPart[] = [];
  let bytes = 0;
  for (;;) {
    const next = parts
      .filter((part) => part.fromByte <= bytes && part.toByte > bytes)
      .sort((a, b) => b.toByte - a.toByte)[0];
    if (!next) return { parts: chosen, bytes };
    chosen.push(next);
    bytes = next.toByte;
  }
}

export interface WalPiece {
  /** File name in `pg_wal`. */
  segment: string;
  /** Object names: one complete segment, or the parts of a tail. */
  objects: { name: string; fromByte: number }[];
}

export interface WalCoverage {
  pieces: WalPiece[];
  /** Unbroken WAL goes from the asked position to here. */
  end: Lsn;
  /** There is WAL beyond `end` on the same way: something is missing, it is not just the newest end. */
  gap: boolean;
}

/**
 * The unbroken WAL from `from` along the way to `timeline`. At a switch point PostgreSQL reads the newer timeline's
 * segment, which begins with a copy of the older one's bytes.
 */
export function walCoverage(inventory: WalInventory, timeline: number, from: Lsn): WalCoverage {
  const stretches = inventory.histories.get(timeline) ?? [];
  const pieces: WalPiece[] = [];
  for (let start = segmentStart(from); ; start = lsn(start + BigInt(walSegmentBytes))) {
    const name = segmentName(timelineOfSegment(stretches, start, timeline), start);
    if (inventory.segments.has(name)) {
      pieces.push({ segment: name, objects: [{ name: `wal/${name}`, fromByte: 0 }] });
      continue;
    }
    const { parts, bytes } = joinTail(inventory.tails.get(name) ?? []);
    if (bytes > 0)
      pieces.push({
        segment: name,
        objects: parts.map((part) => ({ name: part.name, fromByte: part.fromByte })),
      });
    if (bytes === walSegmentBytes) continue;
    const end = lsn(start + BigInt(bytes));
    return { pieces, end, gap: hasWalAfter(inventory, stretches, timeline, start) };
  }
}

/** The newest timeline that begins in this segment or before it. */
function timelineOfSegment(stretches: TimelineStretch[], start: Lsn, last: number): number {
  let chosen = stretches[0]?.timeline ?? last;
  stretches.forEach((stretch, index) => {
    const begin = index === 0 ? undefined : stretches[index - 1]!.end;
    if (begin === undefined || segmentStart(begin) <= start) chosen = stretch.timeline;
  });
  return chosen;
}

function hasWalAfter(
  inventory: WalInventory,
  stretches: TimelineStretch[],
  last: number,
  start: Lsn,
): boolean {
  for (const name of [...inventory.segments, ...inventory.tails.keys()]) {
    const segment = parseSegmentName(name);
    if (!segment || segment.start <= start) continue;
    if (timelineOfSegment(stretches, segment.start, last) === segment.timeline) return true;
  }
  return false;
}

/** Where receiving goes on: after the last complete segment, or with the newest tail, of the newest timeline. */
export function archivedEnd(inventory: WalInventory): { timeline: number; start: Lsn } | undefined {
  const ends = [
    ...[...inventory.segments].map((name) => ({ name, complete: true })),
    ...[...inventory.tails.keys()].map((name) => ({ name, complete: false })),
  ].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : Number(a.complete) - Number(b.complete)));
  const newest = ends.at(-1);
  const segment = newest && parseSegmentName(newest.name);
  if (!newest || !segment) return undefined;
  return {
    timeline: segment.timeline,
    start: newest.complete ? lsn(segment.start + BigInt(walSegmentBytes)) : segment.start,
  };
}

export const historyName = (timeline: number): string => `timelines/${historyFileName(timeline)}`;

export const formatPosition = (timeline: number, position: Lsn, timeMs: number): ArchivePosition => ({
  timeline,
  lsn: formatLsn(position),
  timeMs,
});
