import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { type MasterKeys, readMasterKeys } from "@evenkeel/disk";
import type { AppName, EnvironmentName } from "@evenkeel/model";
import { VaultKeyMismatchError } from "../errors.ts";

/** What a sealed value belongs to; it opens nowhere else. */
export interface SealedFor {
  app: AppName;
  environment: EnvironmentName;
  name: string;
}

/** Values that were sealed before there were data keys, under a key derived from the master key itself. */
const directFormat = 1;
const envelopeFormat = 2;
const keyBytes = 32;
const keyIdBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
const wrappedAt = 1 + keyIdBytes;
const bodyAt = wrappedAt + nonceBytes + keyBytes + tagBytes;

/**
 * Seals variables' values with AES-256-GCM (NIST SP 800-38D), each under a random data key of its own, which is wrapped under a key derived from
 * `keys/master.key`. App, environment and name are authenticated with both, so a row that is moved to another name does not open. A new
 * master key only needs the data keys wrapped anew.
 *
 * Layout: format version (1 byte), id of the wrapping key (8), wrapped data key (nonce 12, ciphertext 32, tag 16), value (nonce 12,
 * ciphertext, tag 16).
 */
export class Vault {
  private sealing!: WrappingKey;
  private opening: WrappingKey[] = [];

  /** @param keys 32 bytes each; other uses of them derive other keys. */
  constructor(keys: MasterKeys) {
    this.use(keys);
  }

  static open(masterKeyPath: string): Vault {
    return new Vault(readMasterKeys(masterKeyPath));
  }

  /** From now on, as the master key is being rotated. */
  use({ sealing, opening }: MasterKeys): void {
    this.sealing = wrappingKey(sealing);
    this.opening = opening.map(wrappingKey);
  }

  seal(value: string, belongsTo: SealedFor): Buffer {
    const dataKey = randomBytes(keyBytes);
    const data = associatedData(belongsTo);
    return Buffer.concat([
      this.header(dataKey, belongsTo),
      encrypt(dataKey, Buffer.from(value, "utf8"), data),
    ]);
  }

  /** @throws VaultKeyMismatchError */
  unseal(sealed: Uint8Array, belongsTo: SealedFor): string {
    const bytes = Buffer.from(sealed);
    try {
      if (bytes[0] === directFormat) return this.unsealDirect(bytes, belongsTo);
      const dataKey = this.dataKey(bytes, belongsTo);
      return decrypt(dataKey, bytes.subarray(bodyAt), associatedData(belongsTo)).toString("utf8");
    } catch (cause) {
      throw new VaultKeyMismatchError(belongsTo.name, { cause });
    }
  }

  /**
   * The same value for the newest master key; its bytes stay encrypted as they are.
   *
   * @returns undefined where it is so already
   * @throws VaultKeyMismatchError
   */
  rewrap(sealed: Uint8Array, belongsTo: SealedFor): Buffer | undefined {
    const bytes = Buffer.from(sealed);
    if (bytes[0] === directFormat) return this.seal(this.unseal(bytes, belongsTo), belongsTo);
    if (bytes.subarray(1, wrappedAt).equals(this.sealing.id)) return undefined;
    try {
      return Buffer.concat([this.header(this.dataKey(bytes, belongsTo), belongsTo), bytes.subarray(bodyAt)]);
    } catch (cause) {
      throw new VaultKeyMismatchError(belongsTo.name, { cause });
    }
  }

  /** With which values that need no rewrapping begin. */
  get newestPrefix(): Buffer {
    return Buffer.concat([Buffer.of(envelopeFormat), this.sealing.id]);
  }

  private header(dataKey: Uint8Array, belongsTo: SealedFor): Buffer {
    const wrapped = encrypt(this.sealing.key, dataKey, dataKeyData(belongsTo));
    return Buffer.concat([this.newestPrefix, wrapped]);
  }

  private dataKey(bytes: Buffer, belongsTo: SealedFor): Buffer {
    if (bytes[0] !== envelopeFormat) throw new Error(`format ${bytes[0]}`);
    const id = bytes.subarray(1, wrappedAt);
    const wrapping = this.opening.find((key) => key.id.equals(id));
    if (!wrapping) throw new Error("another master key");
    return decrypt(wrapping.key, bytes.subarray(wrappedAt, bodyAt), dataKeyData(belongsTo));
  }

  private unsealDirect(bytes: Buffer, belongsTo: SealedFor): string {
    const [newest, former] = this.opening;
    // The successor of a key seals no value in this format.
    const { direct } = former ?? newest!;
    return decrypt(direct, bytes.subarray(1), associatedData(belongsTo)).toString("utf8");
  }
}

interface WrappingKey {
  id: Buffer;
  key: Uint8Array;
  direct: Uint8Array;
}

function wrappingKey(masterKey: Uint8Array): WrappingKey {
  const derive = (use: string, length: number) => Buffer.from(hkdfSync("sha256", masterKey, "", use, length));
  return {
    id: derive("evenkeel master key id", keyIdBytes),
    key: derive("evenkeel data keys", keyBytes),
    direct: derive("evenkeel variables", keyBytes),
  };
}

/** Nonce, ciphertext, tag. A random nonce each: far below 2^32 under a wrapping key, one under a data key. */
function encrypt(key: Uint8Array, plain: Uint8Array, data: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(data);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, bytes: Buffer, data: Uint8Array): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes))
    .setAAD(data)
    .setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
}

/** NUL is in none of the three. */
const associatedData = ({ app, environment, name }: SealedFor): Buffer =>
  Buffer.from(["evenkeel-variable", app, environment, name].join("\0"));

const dataKeyData = ({ app, environment, name }: SealedFor): Buffer =>
  Buffer.from(["evenkeel-data-key", app, environment, name].join("\0"));
