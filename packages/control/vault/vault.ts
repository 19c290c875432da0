import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { loadOrCreateKey } from "@evenkeel/disk";
import type { AppName, EnvironmentName } from "@evenkeel/model";
import { VaultKeyMismatchError } from "../errors.ts";

/** What a sealed value belongs to; it opens nowhere else. */
export interface SealedFor {
  app: AppName;
  environment: EnvironmentName;
  name: string;
}

const formatVersion = 1;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals variables' values with AES-256-GCM under a key derived from `keys/master.key` (NIST SP 800-38D: a random 96-bit nonce each, far below 2^32
 * values a key). App, environment and name are authenticated, so a row that is moved to another name does not open.
 *
 * Layout: format version (1 byte), nonce (12), ciphertext, tag (16).
 */
export class Vault {
  private readonly key: Uint8Array;

  /** @param masterKey 32 bytes; other uses of it derive other keys. */
  constructor(masterKey: Uint8Array) {
    this.key = new Uint8Array(hkdfSync("sha256", masterKey, "", "evenkeel variables", 32));
  }

  static open(masterKeyPath: string): Vault {
    return new Vault(loadOrCreateKey(masterKeyPath));
  }

  seal(value: string, belongsTo: SealedFor): Buffer {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.key, nonce).setAAD(associatedData(belongsTo));
    const body = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
    return Buffer.concat([Buffer.of(formatVersion), nonce, body, cipher.getAuthTag()]);
  }

  /** @throws VaultKeyMismatchError */
  unseal(sealed: Uint8Array, belongsTo: SealedFor): string {
    const bytes = Buffer.from(sealed);
    try {
      if (bytes[0] !== formatVersion) throw new Error(`format ${bytes[0]}`);
      const nonce = bytes.subarray(1, 1 + nonceBytes);
      const decipher = createDecipheriv("aes-256-gcm", this.key, nonce)
        .setAAD(associatedData(belongsTo))
        .setAuthTag(bytes.subarray(-tagBytes));
      const body = bytes.subarray(1 + nonceBytes, -tagBytes);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
    } catch (cause) {
      throw new VaultKeyMismatchError(belongsTo.name, { cause });
    }
  }
}

/** NUL is in none of the three. */
const associatedData = ({ app, environment, name }: SealedFor): Buffer =>
  Buffer.from(["evenkeel-variable", app, environment, name].join("\0"));
