import { crc32c } from "../backup/control-file.ts";
import { type Lsn, lsn, segmentStart, walSegmentBytes } from "./lsn.ts";

/** The bytes of a segment of one timeline, whole or as far as they were received; undefined where there is none. */
export type SegmentReader = (start: Lsn) => Uint8Array | undefined;

export interface WalRecord {
  start: Lsn;
  /** The first byte behind it. */
  end: Lsn;
  /** Of a transaction that it commits; undefined for all other records. */
  committedMs: number | undefined;
}

const pageBytes = 8_192;
const longHeaderBytes = 40;
const shortHeaderBytes = 24;
const recordHeaderBytes = 24;
/** No record is longer (`XLogRecordMaxSize`). */
const longestRecordBytes = 1_020 * 1024 * 1024;
/** `RM_XACT_ID`, and of its operations `XLOG_XACT_COMMIT` and `XLOG_XACT_COMMIT_PREPARED`. */
const transactions = 1;
const commits: ReadonlySet<number> = new Set([0x00, 0x30]);
/** Milliseconds between the epochs of Unix and of PostgreSQL (2000-01-01). */
const postgresEpochMs = 946_684_800_000;

/**
 * The records from `from`, which is the begin of one, to the first that is not whole: there the log ends. Follows `xlogrecord.h` and
 * `xlog_internal.h` of PostgreSQL 18; each record's CRC is verified.
 */
export function* walRecords(readSegment: SegmentReader, from: Lsn): Generator<WalRecord, void, void> {
  const log = new LogReader(readSegment);
  for (let at = log.recordStart(from); ; ) {
    const head = log.read(at, recordHeaderBytes);
    const length = head && view(head).getUint32(0, true);
    if (length === undefined || length < recordHeaderBytes || length > longestRecordBytes) return;
    const record = log.read(at, length);
    if (!record || !isWhole(record)) return;
    const end = log.after(at, length);
    yield { start: at, end, committedMs: commitTime(record) };
    at = log.recordStart(aligned(end));
  }
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const aligned = (position: Lsn): Lsn => lsn((position + 7n) & ~7n);

function isWhole(record: Uint8Array): boolean {
  const checked = new Uint8Array(record.length - 4);
  checked.set(record.subarray(recordHeaderBytes));
  checked.set(record.subarray(0, 20), record.length - recordHeaderBytes);
  return crc32c(checked) === view(record).getUint32(20, true);
}

function commitTime(record: Uint8Array): number | undefined {
  const fields = view(record);
  if (fields.getUint8(17) !== transactions || !commits.has(fields.getUint8(16) & 0x70)) return undefined;
  // Headers of an origin, of a top-level transaction, then of the main data, which begins with the time.
  for (let offset = recordHeaderBytes; offset < record.length; ) {
    const id = fields.getUint8(offset);
    if (id === 253) offset += 3;
    else if (id === 252) offset += 5;
    else if (id === 254 || id === 255) {
      const data = offset + (id === 255 ? 2 : 5);
      return Number(fields.getBigInt64(data, true) / 1_000n) + postgresEpochMs;
    } else return undefined;
  }
  return undefined;
}

/** Reads across pages, whose headers lie within the log. */
class LogReader {
  private segment: { start: Lsn; bytes: Uint8Array | undefined } | undefined;

  constructor(private readonly readSegment: SegmentReader) {}

  /** Where a record at `position` really begins: behind the header of a page that begins there. */
  recordStart(position: Lsn): Lsn {
    return lsn(position + BigInt(headerAt(position)));
  }

  /** `count` bytes of records from `position`; undefined where the log ends before. */
  read(position: Lsn, count: number): Uint8Array | undefined {
    const result = new Uint8Array(count);
    let at = position;
    for (let done = 0; done < count; ) {
      at = lsn(at + BigInt(headerAt(at)));
      const within = Number(at % BigInt(pageBytes));
      const take = Math.min(count - done, pageBytes - within);
      const bytes = this.bytes(at, take);
      if (!bytes) return undefined;
      result.set(bytes, done);
      done += take;
      at = lsn(at + BigInt(take));
    }
    return result;
  }

  after(position: Lsn, count: number): Lsn {
    let at = position;
    for (let left = count; left > 0; ) {
      at = lsn(at + BigInt(headerAt(at)));
      const take = Math.min(left, pageBytes - Number(at % BigInt(pageBytes)));
      left -= take;
      at = lsn(at + BigInt(take));
    }
    return at;
  }

  private bytes(at: Lsn, count: number): Uint8Array | undefined {
    const start = segmentStart(at);
    if (this.segment?.start !== start) this.segment = { start, bytes: this.readSegment(start) };
    const offset = Number(at - start);
    const { bytes } = this.segment;
    // A page of an earlier use of the file, or one that was never written.
    if (!bytes || offset + count > bytes.length || !isPageOf(bytes, start, offset)) return undefined;
    return bytes.subarray(offset, offset + count);
  }
}

function headerAt(position: Lsn): number {
  if (position % BigInt(pageBytes) !== 0n) return 0;
  return position % BigInt(walSegmentBytes) === 0n ? longHeaderBytes : shortHeaderBytes;
}

function isPageOf(segment: Uint8Array, start: Lsn, offset: number): boolean {
  const page = offset - (offset % pageBytes);
  return view(segment).getBigUint64(page + 8, true) === start + BigInt(page);
}
