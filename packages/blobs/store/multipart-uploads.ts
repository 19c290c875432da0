import { createHash } from "node:crypto";
import { BlobRequestError } from "../errors.ts";
import { type ChecksumAlgorithm, startChecksum } from "../protocol/checksums.ts";
import { refusals } from "../protocol/refusals.ts";
import { type Bucket, type Condition, newUploadId, type Received } from "./bucket.ts";
import type { ObjectVersion } from "./object-database.ts";

/** All parts but the last; smaller ones are refused as S3 does. */
const smallestPart = 5 * 1024 * 1024;

export interface Upload {
  id: string;
  key: string;
  headers: Record<string, string>;
  algorithm: ChecksumAlgorithm | undefined;
  createdMs: number;
}

export interface Part {
  number: number;
  file: string;
  size: number;
  etag: string;
  checksum: string | null;
  createdMs: number;
}

/** Multipart uploads of one bucket. Parts are files of the later object as they are: nothing is copied when it is completed. */
export class MultipartUploads {
  constructor(private readonly bucket: Bucket) {}

  begin(
    key: string,
    headers: Record<string, string>,
    algorithm: ChecksumAlgorithm | undefined,
    nowMs: number,
  ): string {
    const id = newUploadId();
    this.sqlite
      .query("INSERT INTO uploads (id, key, headers, algorithm, created_ms) VALUES (?, ?, ?, ?, ?)")
      .run(id, key, JSON.stringify(headers), algorithm ?? null, nowMs);
    return id;
  }

  /** @throws BlobRequestError 404 */
  get(key: string, id: string): Upload {
    const row = this.sqlite
      .query<{ headers: string; algorithm: ChecksumAlgorithm | null; created_ms: number }, [string, string]>(
        "SELECT headers, algorithm, created_ms FROM uploads WHERE id = ? AND key = ?",
      )
      .get(id, key);
    if (!row) throw refusals.noSuchUpload();
    return {
      ...{ id, key, headers: JSON.parse(row.headers), createdMs: row.created_ms },
      algorithm: row.algorithm ?? undefined,
    };
  }

  list(prefix: string): Upload[] {
    return this.sqlite
      .query<{ id: string; key: string }, []>("SELECT id, key FROM uploads ORDER BY key, created_ms")
      .all()
      .filter(({ key }) => key.startsWith(prefix))
      .map(({ id, key }) => this.get(key, id));
  }

  /** Takes the place of an earlier part of the same number. */
  addPart(upload: Upload, number: number, received: Received, nowMs: number): void {
    this.bucket.objects.transaction(() => {
      this.get(upload.key, upload.id);
      const { file, size, etag, checksum } = received;
      this.sqlite
        .query(
          `INSERT INTO parts (upload, number, file, size, etag, checksum, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (upload, number) DO UPDATE SET (file, size, etag, checksum, created_ms)
             = (excluded.file, excluded.size, excluded.etag, excluded.checksum, excluded.created_ms)`,
        )
        .run(upload.id, number, file, size, etag, checksum ?? null, nowMs);
    });
  }

  parts({ id }: Upload): Part[] {
    return this.sqlite
      .query<Part, [string]>(
        "SELECT number, file, size, etag, checksum, created_ms AS createdMs FROM parts WHERE upload = ? ORDER BY number",
      )
      .all(id);
  }

  /** Makes the named parts one object. @throws BlobRequestError */
  complete(
    upload: Upload,
    wanted: readonly { number: number; etag: string }[],
    condition: Condition,
  ): ObjectVersion {
    return this.bucket.objects.transaction(() => {
      // Asked again: it may have been completed meanwhile.
      this.get(upload.key, upload.id);
      const parts = this.choose(upload, wanted);
      const md5 = createHash("md5");
      for (const { etag } of parts) md5.update(Buffer.from(etag, "hex"));
      const facts = {
        etag: `${md5.digest("hex")}-${parts.length}`,
        headers: upload.headers,
        ...compositeChecksum(upload.algorithm, parts),
      };
      const object = this.bucket.put(upload.key, facts, parts, condition);
      this.sqlite.query("DELETE FROM uploads WHERE id = ?").run(upload.id);
      return object;
    });
  }

  abort(upload: Upload): void {
    this.sqlite.query("DELETE FROM uploads WHERE id = ?").run(upload.id);
  }

  private choose(upload: Upload, wanted: readonly { number: number; etag: string }[]): Part[] {
    if (wanted.length === 0) throw refusals.malformedXml();
    const there = new Map(this.parts(upload).map((part) => [part.number, part]));
    if (wanted.some(({ number }, index) => index > 0 && number <= wanted[index - 1]!.number)) {
      throw new BlobRequestError("InvalidPartOrder", 400, "The list of parts was not in ascending order.");
    }
    return wanted.map(({ number, etag }, index) => {
      const part = there.get(number);
      if (!part || part.etag !== etag.replaceAll('"', "")) {
        throw new BlobRequestError(
          "InvalidPart",
          400,
          `Part ${number} was not uploaded, or its ETag is another than the one you named.`,
        );
      }
      if (index < wanted.length - 1 && part.size < smallestPart) {
        throw new BlobRequestError(
          "EntityTooSmall",
          400,
          `Part ${number} is smaller than ${smallestPart} bytes.`,
        );
      }
      return part;
    });
  }

  private get sqlite() {
    return this.bucket.objects.sqlite;
  }
}

function compositeChecksum(algorithm: ChecksumAlgorithm | undefined, parts: readonly Part[]) {
  if (!algorithm || parts.some(({ checksum }) => checksum === null)) return {};
  const running = startChecksum(algorithm);
  for (const { checksum } of parts) running.update(Buffer.from(checksum!, "base64"));
  return { checksum: { algorithm, base64: `${running.base64()}-${parts.length}`, composite: true } };
}
