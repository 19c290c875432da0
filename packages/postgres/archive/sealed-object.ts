import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { ArchiveKeyError, ObjectDamagedError } from "../errors.ts";
import type { ArchiveKey } from "./archive-key.ts";

const magic = Buffer.from("EKA1");
const keyIdBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = magic.length + keyIdBytes + nonceBytes;

/**
 * `EKA1`, key id (8), nonce (12), zstd-compressed content in AES-256-GCM, tag (16). The object's name is authenticated with
 * it: an object under another's name is damage. Random nonces are good for 2³² objects a key, 4 PiB in chunks.
 */
export function sealObject(key: ArchiveKey, name: string, content: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const header = Buffer.concat([magic, Buffer.from(key.id, "hex"), nonce]);
  const cipher = createCipheriv("aes-256-gcm", key.sealing, nonce);
  cipher.setAAD(Buffer.concat([header, Buffer.from(name)]));
  const sealed = cipher.update(Bun.zstdCompressSync(content, { level: 1 }));
  cipher.final();
  return Buffer.concat([header, sealed, cipher.getAuthTag()]);
}

/**
 * @throws ArchiveKeyError when another key sealed it.
 * @throws ObjectDamagedError when a bit is not as it was, an end is missing, or it is another object.
 */
export function openObject(key: ArchiveKey, name: string, sealed: Uint8Array): Uint8Array {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const header = bytes.subarray(0, headerBytes);
  if (bytes.length < headerBytes + tagBytes || !header.subarray(0, magic.length).equals(magic)) {
    throw new ObjectDamagedError(
      `Object ${name} of the archive is damaged: it is not a sealed object`,
      damageHint,
    );
  }
  const keyId = header.toString("hex", magic.length, magic.length + keyIdBytes);
  if (keyId !== key.id) {
    throw new ArchiveKeyError(
      `Object ${name} of the archive is sealed with key ${keyId}; the given key is ${key.id}`,
      {
        hint: "Restore the key that the archive was written with; without it nothing in it can be read.",
      },
    );
  }
  const decipher = createDecipheriv("aes-256-gcm", key.sealing, header.subarray(magic.length + keyIdBytes));
  decipher.setAAD(Buffer.concat([header, Buffer.from(name)]));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  const compressed = decipher.update(bytes.subarray(headerBytes, bytes.length - tagBytes));
  try {
    decipher.final();
  } catch (cause) {
    throw new ObjectDamagedError(
      `Object ${name} of the archive is damaged: its content is not what was stored`,
      {
        ...damageHint,
        cause,
      },
    );
  }
  return Bun.zstdDecompressSync(compressed);
}

const damageHint = { hint: "Take a new base backup now, and look at the health of the archive's disk." };
