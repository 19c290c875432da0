import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { DataDirectoryInvalidError } from "../errors.ts";

export const controlFilePath = "global/pg_control";
const controlFileBytes = 8_192;

/** The struct ends in its CRC; its length differs a little between versions, so the place is found by the CRC itself. */
const crcOffsets = Array.from({ length: 64 }, (_, index) => 200 + index * 4);

/**
 * Reads `pg_control` whole: the server may be writing it, and a torn one would make a backup unusable, so it is read
 * until its CRC is right. https://www.postgresql.org/docs/18/app-pgcontroldata.html
 *
 * @throws DataDirectoryInvalidError when it stays wrong.
 */
export function readControlFile(dataDir: string): Buffer {
  for (let attempt = 0; attempt < 10; attempt++) {
    const bytes = Buffer.alloc(controlFileBytes);
    const file = openSync(join(dataDir, controlFilePath), "r");
    try {
      readSync(file, bytes, 0, controlFileBytes, 0);
    } finally {
      closeSync(file);
    }
    if (crcOffsets.some((offset) => bytes.readUInt32LE(offset) === crc32c(bytes.subarray(0, offset))))
      return bytes;
    Bun.sleepSync(10);
  }
  throw new DataDirectoryInvalidError(`${join(dataDir, controlFilePath)} has a wrong CRC`, {
    hint: "The cluster's control file is damaged: restore the cluster from its archive.",
  });
}

/** `Database system identifier`, the first eight bytes. */
export const systemIdOf = (controlFile: Buffer): string => controlFile.readBigUInt64LE(0).toString();

const table = Int32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f6_3b78 : value >>> 1;
  return value;
});

/** Castagnoli's, which PostgreSQL uses; Bun has only the other one. */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}
