import { createHash, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc32c } from "@aws-crypto/crc32c";

/** Checksums that a client can send with an object and get back with it: `x-amz-checksum-<algorithm>`, in base64. */
export const checksumAlgorithms = ["crc32", "crc32c", "sha1", "sha256"] as const;
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  base64(): string;
}

export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case "crc32": {
      let value = 0;
      return {
        update(bytes) {
          value = crc32(bytes, value);
        },
        base64: () => fourBytes(value),
      };
    }
    case "crc32c": {
      const running = new Crc32c();
      return { update: (bytes) => void running.update(bytes), base64: () => fourBytes(running.digest()) };
    }
    default: {
      const hash = createHash(algorithm);
      return { update: (bytes) => void hash.update(bytes), base64: () => hash.digest("base64") };
    }
  }
}

export function isSameText(one: string, other: string): boolean {
  const a = Buffer.from(one);
  const b = Buffer.from(other);
  return a.length === b.length && timingSafeEqual(a, b);
}

function fourBytes(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString("base64");
}
