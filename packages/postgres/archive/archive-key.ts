import { createHash, hkdfSync, randomBytes } from "node:crypto";
import { InvalidValueError } from "@evenkeel/model";

/**
 * The key of an archive: 32 random bytes that stand neither in the data directory nor in its backups. Everything
 * used on objects is derived from it (RFC 5869), so each use has a key of its own.
 */
export class ArchiveKey {
  /** Seals objects. */
  readonly sealing: Buffer;
  /** Names chunks, so that a name tells nothing of the content to somebody without the key. */
  readonly naming: Buffer;
  /** Tells keys apart without saying anything of them: 16 hexadecimal characters. */
  readonly id: string;

  constructor(readonly secret: Uint8Array) {
    if (secret.length !== 32) {
      throw new InvalidValueError(`An archive's key has 32 bytes, not ${secret.length}`);
    }
    this.sealing = derive(secret, "evenkeel archive sealing");
    this.naming = derive(secret, "evenkeel archive chunk names");
    this.id = createHash("sha256")
      .update(derive(secret, "evenkeel archive key id"))
      .digest("hex")
      .slice(0, 16);
  }

  static generate(): ArchiveKey {
    return new ArchiveKey(randomBytes(32));
  }
}

const derive = (secret: Uint8Array, use: string): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, new Uint8Array(0), use, 32));
