import type { FileHandle } from "node:fs/promises";
import type { BlockHead } from "./block.ts";

/**
 * A segment is a row of frames, each a block with its head; one that is sealed ends in an index of all heads and a trailer. Integers are
 * little endian, numbers of lines and times are doubles.
 *
 *   frame:   u32 magic, u32 length of head, u32 length of payload, u32 CRC-32 of payload, head, payload
 *   head:    f64 first, u32 count, u32 levels, f64 fromMs, f64 toMs, u32 rawBytes, u32 length of filter, filter
 *   index:   for each block: f64 offset of payload, u32 its length, u32 its CRC-32, head
 *   trailer: f64 offset of index, u32 its length, u32 its CRC-32, f64 fromMs, f64 toMs, f64 lines, u32 0, u32 magic
 */
const frameMagic = 0x424c4b45;
const trailerMagic = 0x534c4b45;
export const frameBytes = 16;
const headBytes = 40;
const entryBytes = 16;
export const trailerBytes = 48;

/** Where a block stands in its file. */
export interface BlockPlace {
  head: BlockHead;
  offset: number;
  length: number;
  crc: number;
}

function writeHead(head: BlockHead): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes + head.filter.length);
  bytes.writeDoubleLE(head.first, 0);
  bytes.writeUInt32LE(head.count, 8);
  bytes.writeUInt32LE(head.levels, 12);
  bytes.writeDoubleLE(head.fromMs, 16);
  bytes.writeDoubleLE(head.toMs, 24);
  bytes.writeUInt32LE(head.rawBytes, 32);
  bytes.writeUInt32LE(head.filter.length, 36);
  bytes.set(head.filter, headBytes);
  return bytes;
}

function readHead(bytes: Buffer): BlockHead {
  return {
    first: bytes.readDoubleLE(0),
    count: bytes.readUInt32LE(8),
    levels: bytes.readUInt32LE(12),
    fromMs: bytes.readDoubleLE(16),
    toMs: bytes.readDoubleLE(24),
    rawBytes: bytes.readUInt32LE(32),
    filter: bytes.subarray(headBytes, headBytes + bytes.readUInt32LE(36)),
  };
}

/** @param offset at which the frame will be written */
export function writeFrame(
  head: BlockHead,
  payload: Uint8Array,
  offset: number,
): { bytes: Buffer; place: BlockPlace } {
  const headPart = writeHead(head);
  const frame = Buffer.allocUnsafe(frameBytes);
  const crc = Bun.hash.crc32(payload);
  frame.writeUInt32LE(frameMagic, 0);
  frame.writeUInt32LE(headPart.length, 4);
  frame.writeUInt32LE(payload.length, 8);
  frame.writeUInt32LE(crc, 12);
  return {
    bytes: Buffer.concat([frame, headPart, payload]),
    place: { head, offset: offset + frameBytes + headPart.length, length: payload.length, crc },
  };
}

export function writeIndex(places: BlockPlace[], offset: number): Buffer {
  const index = Buffer.concat(
    places.flatMap(({ head, offset, length, crc }) => {
      const entry = Buffer.allocUnsafe(entryBytes);
      entry.writeDoubleLE(offset, 0);
      entry.writeUInt32LE(length, 8);
      entry.writeUInt32LE(crc, 12);
      return [entry, writeHead(head)];
    }),
  );
  const trailer = Buffer.alloc(trailerBytes);
  trailer.writeDoubleLE(offset, 0);
  trailer.writeUInt32LE(index.length, 8);
  trailer.writeUInt32LE(Bun.hash.crc32(index), 12);
  trailer.writeDoubleLE(Math.min(...places.map(({ head }) => head.fromMs)), 16);
  trailer.writeDoubleLE(Math.max(...places.map(({ head }) => head.toMs)), 24);
  trailer.writeDoubleLE(
    places.reduce((sum, { head }) => sum + head.count, 0),
    32,
  );
  trailer.writeUInt32LE(trailerMagic, 44);
  return Buffer.concat([index, trailer]);
}

export interface SegmentTrailer {
  indexOffset: number;
  indexLength: number;
  indexCrc: number;
  fromMs: number;
  toMs: number;
  lines: number;
}

/** Undefined where the file does not end in one. */
export async function readTrailer(file: FileHandle): Promise<SegmentTrailer | undefined> {
  const { size } = await file.stat();
  if (size < trailerBytes) return undefined;
  const bytes = await readAt(file, size - trailerBytes, trailerBytes);
  if (bytes.readUInt32LE(44) !== trailerMagic) return undefined;
  return {
    indexOffset: bytes.readDoubleLE(0),
    indexLength: bytes.readUInt32LE(8),
    indexCrc: bytes.readUInt32LE(12),
    fromMs: bytes.readDoubleLE(16),
    toMs: bytes.readDoubleLE(24),
    lines: bytes.readDoubleLE(32),
  };
}

/** Undefined where it is damaged; the frames can still be walked. */
export async function readIndex(
  file: FileHandle,
  trailer: SegmentTrailer,
): Promise<BlockPlace[] | undefined> {
  const bytes = await readAt(file, trailer.indexOffset, trailer.indexLength);
  if (bytes.length !== trailer.indexLength || Bun.hash.crc32(bytes) !== trailer.indexCrc) return undefined;
  const places: BlockPlace[] = [];
  for (let at = 0; at < bytes.length; ) {
    const head = readHead(bytes.subarray(at + entryBytes));
    places.push({
      head,
      offset: bytes.readDoubleLE(at),
      length: bytes.readUInt32LE(at + 8),
      crc: bytes.readUInt32LE(at + 12),
    });
    at += entryBytes + headBytes + head.filter.length;
  }
  return places;
}

/** Every whole frame from `offset` on; a last one that is still being written, or was torn by a crash, is left out. */
export async function walkFrames(
  file: FileHandle,
  offset = 0,
): Promise<{ places: BlockPlace[]; end: number }> {
  const places: BlockPlace[] = [];
  const { size } = await file.stat();
  let at = offset;
  while (at + frameBytes + headBytes <= size) {
    const frame = await readAt(file, at, frameBytes);
    if (frame.length < frameBytes || frame.readUInt32LE(0) !== frameMagic) break;
    const headLength = frame.readUInt32LE(4);
    const length = frame.readUInt32LE(8);
    const begin = at + frameBytes + headLength;
    if (begin + length > size) break;
    const head = readHead(await readAt(file, at + frameBytes, headLength));
    places.push({ head, offset: begin, length, crc: frame.readUInt32LE(12) });
    at = begin + length;
  }
  return { places, end: at };
}

export async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
