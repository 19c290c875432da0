import { type Lsn, parseSegmentName } from "./lsn.ts";

const pageBytes = 8_192;
const shortHeaderBytes = 24;
const longHeaderBytes = 40;
const recordHeaderBytes = 24;
const continuedFlag = 0x0001;
const longHeaderFlag = 0x0002;
const transactionManager = 1;
const operationMask = 0x70;
/** Commit, abort, and both of a prepared transaction. */
const endings = new Set([0x00, 0x20, 0x30, 0x40]);
/** What stands between a record's header and the time: an origin, a top transaction's number, the long form of the data's length. */
const mostBeforeTime = 3 + 5 + 5;
const originMark = 253;
const topTransactionMark = 252;
const shortDataMark = 255;
const longDataMark = 254;

/** 2000-01-01, from where PostgreSQL counts microseconds. */
const postgresEpochMs = 946_684_800_000;

/**
 * Whether a WAL segment holds the end of a transaction that bears a later time than `timeMs`: recovery to a time stops at the first such record, so it
 * reads no WAL beyond. False also for what cannot be read, as the second half of a record whose first is in the segment before.
 *
 * Layout: `access/xlog_internal.h`, `access/xlogrecord.h` and `access/xact.h` of PostgreSQL 18.
 */
export function hasLaterTransactionEnd(content: Uint8Array, segment: string, timeMs: number): boolean {
  const reader = new SegmentReader(content, parseSegmentName(segment)!.start);
  const limit = (BigInt(Math.ceil(timeMs)) - BigInt(postgresEpochMs)) * 1_000n + 1_000n;
  for (let at = reader.firstRecord(); at !== undefined; at = reader.nextRecord(at)) {
    const time = reader.endTime(at);
    if (time !== undefined && time > limit) return true;
  }
  return false;
}

class SegmentReader {
  private readonly view: DataView;
  private readonly length: number;
  private readonly head = Buffer.alloc(recordHeaderBytes + mostBeforeTime + 8);

  constructor(
    private readonly content: Uint8Array,
    private readonly start: Lsn,
  ) {
    this.view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    this.length = content.byteLength;
  }

  firstRecord(): number | undefined {
    const header = this.pageHeader(0);
    if (header === undefined) return undefined;
    const continued = (this.view.getUint16(2, true) & continuedFlag) !== 0;
    return this.align(continued ? this.skip(header, this.view.getUint32(16, true)) : header);
  }

  nextRecord(at: number): number | undefined {
    const bytes = this.view.getUint32(at, true);
    return bytes < recordHeaderBytes ? undefined : this.align(this.skip(at, bytes));
  }

  /** Of a transaction's end, in microseconds; undefined for other records. */
  endTime(at: number): bigint | undefined {
    const { head } = this;
    const bytes = Math.min(head.length, this.view.getUint32(at, true));
    if (bytes < recordHeaderBytes || !this.copy(at, bytes)) return undefined;
    if (head[17] !== transactionManager || !endings.has(head[16]! & operationMask)) return undefined;
    for (let next = recordHeaderBytes; next + 8 < bytes; ) {
      const mark = head[next];
      if (mark === originMark) next += 3;
      else if (mark === topTransactionMark) next += 5;
      else if (mark === shortDataMark || mark === longDataMark) {
        const time = next + (mark === shortDataMark ? 2 : 5);
        return time + 8 <= bytes ? head.readBigInt64LE(time) : undefined;
      } else return undefined;
    }
    return undefined;
  }

  /** Into `head`; false where the segment ends before. */
  private copy(from: number, bytes: number): boolean {
    for (let at = from, done = 0; ; ) {
      const part = Math.min(bytes - done, pageBytes - (at % pageBytes));
      if (at + part > this.length) return false;
      this.head.set(this.content.subarray(at, at + part), done);
      done += part;
      if (done === bytes) return true;
      const next = this.pageHeader(at + part);
      if (next === undefined) return false;
      at = next;
    }
  }

  /** `bytes` of content behind `from`, headers of pages not counted. */
  private skip(from: number, bytes: number): number | undefined {
    for (let at = from, left = bytes; ; ) {
      const part = Math.min(left, pageBytes - (at % pageBytes));
      at += part;
      left -= part;
      if (left === 0) return at;
      const next = this.pageHeader(at);
      if (next === undefined) return undefined;
      at = next;
    }
  }

  /** Where a record begins at or after `at`. */
  private align(at: number | undefined): number | undefined {
    if (at === undefined) return undefined;
    let begin: number | undefined = Math.ceil(at / 8) * 8;
    if (begin % pageBytes === 0) begin = this.pageHeader(begin);
    return begin !== undefined && begin + 4 <= this.length ? begin : undefined;
  }

  /** Where a page's content begins; undefined behind the end, and where an older use of the file left another page. */
  private pageHeader(page: number): number | undefined {
    if (page + longHeaderBytes > this.length) return undefined;
    if (this.view.getBigUint64(page + 8, true) !== this.start + BigInt(page)) return undefined;
    const long = (this.view.getUint16(page + 2, true) & longHeaderFlag) !== 0;
    return page + (long ? longHeaderBytes : shortHeaderBytes);
  }
}
