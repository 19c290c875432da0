import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { ObjectDamagedError } from "../errors.ts";
import type { ArchiveKey } from "./archive-key.ts";
import { openObject, sealObject } from "./sealed-object.ts";

/** `EKS1`, then a random id (16) that ties the parts together. */
const magic = Buffer.from("EKS1");
const idBytes = 16;
const partBytes = 4 * 1024 * 1024;
const lengthBytes = 4;
const longestSealedBytes = 2 * partBytes;

/**
 * Writes what comes to an open file, compressed and sealed as objects of an archive are, in parts of 4 MiB: each with its length before it, its number
 * authenticated with it, and an empty one at the end, so that what is missing or in another place is noticed.
 */
export async function sealIntoFile(
  key: ArchiveKey,
  file: number,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const id = randomBytes(idBytes);
  writeAll(file, Buffer.concat([magic, id]));
  let number = 0;
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  const write = (part: Uint8Array): void => {
    const sealed = sealObject(key, partName(id, number++), part);
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32BE(sealed.length);
    writeAll(file, length);
    writeAll(file, sealed);
  };
  for await (const piece of content) {
    for (let taken = 0; taken < piece.length; ) {
      const some = piece.subarray(taken, taken + partBytes - waitingBytes);
      waiting.push(some);
      waitingBytes += some.length;
      taken += some.length;
      if (waitingBytes < partBytes) continue;
      write(Buffer.concat(waiting));
      waiting = [];
      waitingBytes = 0;
    }
  }
  if (waitingBytes > 0) write(Buffer.concat(waiting));
  write(new Uint8Array(0));
}

/** What `sealIntoFile` was given, part by part. @throws ObjectDamagedError @throws ArchiveKeyError */
export function* openSealedFile(key: ArchiveKey, path: string): Generator<Uint8Array> {
  const file = openSync(path, "r");
  try {
    const header = readExactly(file, magic.length + idBytes, path);
    if (!header.subarray(0, magic.length).equals(magic)) throw damaged(path, "it is not a sealed file");
    const id = header.subarray(magic.length);
    for (let number = 0; ; number++) {
      const length = readExactly(file, lengthBytes, path).readUInt32BE();
      if (length > longestSealedBytes) throw damaged(path, "a part of it is too long");
      const part = openObject(key, partName(id, number), readExactly(file, length, path));
      if (part.length === 0) return;
      yield part;
    }
  } finally {
    closeSync(file);
  }
}

const partName = (id: Buffer, number: number): string => `sealed/${id.toString("hex")}/${number}`;

const damaged = (path: string, reason: string): ObjectDamagedError =>
  new ObjectDamagedError(`${path} is damaged: ${reason}`, { hint: "Take another copy of the file." });

function readExactly(file: number, bytes: number, path: string): Buffer {
  const content = Buffer.alloc(bytes);
  for (let read = 0; read < bytes; ) {
    const count = readSync(file, content, read, bytes - read, null);
    if (count === 0) throw damaged(path, "its end is missing");
    read += count;
  }
  return content;
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}
