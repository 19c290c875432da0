import { InvalidValueError } from "@evenkeel/model";

declare const brand: unique symbol;

/** A position in the write-ahead log: https://www.postgresql.org/docs/18/datatype-pg-lsn.html */
export type Lsn = bigint & { readonly [brand]: "Lsn" };

/** Of every cluster that we initialise: PostgreSQL's default. */
export const walSegmentBytes = 16 * 1024 * 1024;

export function parseLsn(text: string): Lsn {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text.trim());
  if (!match) {
    throw new InvalidValueError(`LSN ${JSON.stringify(text.slice(0, 40))} cannot be read`, {
      hint: "Write it as PostgreSQL does, for example 0/16B3748.",
    });
  }
  return ((BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`)) as Lsn;
}

export const formatLsn = (lsn: Lsn): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;

export const lsn = (value: bigint): Lsn => value as Lsn;

/** The segment file's first byte. */
export const segmentStart = (position: Lsn): Lsn => lsn(position - (position % BigInt(walSegmentBytes)));

/** The least position that is a segment's first byte and not before `position`. */
export const segmentEnd = (position: Lsn): Lsn => segmentStart(lsn(position + BigInt(walSegmentBytes) - 1n));

/** `000000010000000000000003`: timeline, and the segment's number in two halves. */
export function segmentName(timeline: number, position: Lsn): string {
  const perHigh = 0x1_0000_0000n / BigInt(walSegmentBytes);
  const number = position / BigInt(walSegmentBytes);
  const hex = (value: bigint) => value.toString(16).toUpperCase().padStart(8, "0");
  return hex(BigInt(timeline)) + hex(number / perHigh) + hex(number % perHigh);
}

export interface WalSegment {
  timeline: number;
  start: Lsn;
}

/** Undefined when `name` is no segment's. */
export function parseSegmentName(name: string): WalSegment | undefined {
  if (!/^[0-9A-F]{24}$/.test(name)) return undefined;
  const part = (index: number) => BigInt(`0x${name.slice(index * 8, index * 8 + 8)}`);
  const perHigh = 0x1_0000_0000n / BigInt(walSegmentBytes);
  return { timeline: Number(part(0)), start: lsn((part(1) * perHigh + part(2)) * BigInt(walSegmentBytes)) };
}
