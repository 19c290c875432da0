import { ObjectMissingError } from "../errors.ts";
import type { ArchiveTarget, StoredObject, TargetSpec } from "./archive-target.ts";
import { readListing } from "./s3-listing.ts";
import { type S3Answer, S3Requests } from "./s3-requests.ts";

/**
 * Objects in a bucket of Amazon S3 or a service that speaks its protocol. It must know conditional writes (`If-None-Match: *`), by which
 * nothing is overwritten; `probeTarget` finds out. Every upload bears its SHA-256, which the service verifies before it stores.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export class S3Target implements ArchiveTarget {
  readonly description: string;
  private readonly requests: S3Requests;
  private readonly prefix: string;

  constructor(readonly spec: Extract<TargetSpec, { kind: "s3" }>) {
    this.prefix = spec.prefix === "" ? "" : `${spec.prefix}/`;
    this.description = `s3://${spec.bucket}/${spec.prefix}`;
    this.requests = new S3Requests(spec, this.description);
  }

  async put(key: string, bytes: Uint8Array, how: "create" | "replace"): Promise<"stored" | "exists"> {
    const headers: Record<string, string> = how === "create" ? { "if-none-match": "*" } : {};
    // 412: the key is taken; also when an earlier attempt of ours was stored and only its answer was lost.
    const answer = await this.requests.send("PUT", this.prefix + key, { bytes, headers, expected: [412] });
    return answer.status === 412 ? "exists" : "stored";
  }

  async has(key: string): Promise<boolean> {
    const { status } = await this.requests.send("HEAD", this.prefix + key, { expected: [404] });
    return status !== 404;
  }

  async get(key: string): Promise<Uint8Array> {
    const answer = await this.requests.send("GET", this.prefix + key, { expected: [404] });
    if (answer.status === 404 && answer.code !== "NoSuchBucket") {
      throw new ObjectMissingError(`The archive ${this.description} has no object ${key}`);
    }
    if (answer.status === 404) throw this.requests.refusal("GET", answer);
    return answer.bytes;
  }

  async list(prefix: string): Promise<StoredObject[]> {
    const objects: StoredObject[] = [];
    for (let token: string | undefined; ; ) {
      const page = readListing(Buffer.from((await this.listPage(prefix, token)).bytes).toString());
      for (const object of page.objects)
        objects.push({ ...object, key: object.key.slice(this.prefix.length) });
      token = page.next;
      if (token === undefined) break;
    }
    return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async delete(key: string): Promise<void> {
    await this.requests.send("DELETE", this.prefix + key, { expected: [404] });
  }

  /** What was stored is durable. */
  async flush(): Promise<void> {}

  /** An upload is one request: an interrupted one leaves nothing. */
  async sweep(): Promise<void> {}

  private listPage(prefix: string, token: string | undefined): Promise<S3Answer> {
    const query = new URLSearchParams({
      "list-type": "2",
      "encoding-type": "url",
      prefix: this.prefix + prefix,
    });
    if (token !== undefined) query.set("continuation-token", token);
    return this.requests.send("GET", "", { query });
  }
}
