import { refusals } from "../protocol/refusals.ts";
import { fromXml, toXml } from "../protocol/xml.ts";
import type { Bucket } from "../store/bucket.ts";
import { endOfPrefix, type ObjectVersion } from "../store/object-database.ts";
import type { BlobAnswer } from "./blob-answer.ts";
import type { BlobRequest } from "./blob-request.ts";
import { pageSize } from "./multipart-operations.ts";

interface Listed {
  objects: ObjectVersion[];
  /** Beginnings of keys up to the delimiter, in place of the keys. */
  prefixes: string[];
  /** The last key or prefix of the page, where more follow. */
  next: string | undefined;
}

/** `list-type=2` and the older kind. */
export function listObjects(bucket: Bucket, { query }: BlobRequest): BlobAnswer {
  const isSecond = query.get("list-type") === "2";
  const token = query.get("continuation-token");
  const start = isSecond
    ? token === null
      ? query.get("start-after")
      : decodeToken(token)
    : query.get("marker");
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const limit = pageSize(query.get("max-keys"));
  const encodes = query.get("encoding-type") === "url";
  const shown = (key: string) => (encodes ? encodeURIComponent(key).replaceAll("%2F", "/") : key);
  const { objects, prefixes, next } = list(bucket, { prefix, delimiter, after: start ?? "", limit });
  return {
    status: 200,
    xml: toXml("ListBucketResult", {
      ...{
        Name: bucket.record.bucket,
        Prefix: shown(prefix),
        MaxKeys: limit,
        IsTruncated: next !== undefined,
      },
      ...(delimiter === "" ? {} : { Delimiter: shown(delimiter) }),
      ...(encodes ? { EncodingType: "url" } : {}),
      ...(isSecond
        ? {
            KeyCount: objects.length + prefixes.length,
            ...(token === null ? {} : { ContinuationToken: token }),
            ...(query.get("start-after") === null ? {} : { StartAfter: shown(query.get("start-after")!) }),
            ...(next === undefined ? {} : { NextContinuationToken: encodeToken(next) }),
          }
        : { Marker: shown(start ?? ""), ...(next === undefined ? {} : { NextMarker: shown(next) }) }),
      Contents: objects.map(({ key, etag, size, createdMs }) => ({
        ...{
          Key: shown(key),
          LastModified: new Date(createdMs).toISOString(),
          ETag: `"${etag}"`,
          Size: size,
        },
        StorageClass: "STANDARD",
      })),
      CommonPrefixes: prefixes.map((one) => ({ Prefix: shown(one) })),
    }),
  };
}

/** A prefix that was listed is jumped over, however many keys begin with it. */
function list(
  { objects }: Bucket,
  { prefix, delimiter, after, limit }: { prefix: string; delimiter: string; after: string; limit: number },
): Listed {
  const listed: Listed = { objects: [], prefixes: [], next: undefined };
  const prefixOf = (key: string): string | undefined => {
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    return end < 0 ? undefined : key.slice(0, end + delimiter.length);
  };
  // The page before may have ended with a prefix: nothing that begins with it is listed again.
  let from = after !== "" && prefixOf(after) === after ? endOfPrefix(after) : after;
  let includes = from !== after;
  if (includes && from === "") return listed;
  while (limit > 0) {
    const page = objects.list(prefix, { from, includes }, delimiter === "" ? limit + 1 : 100);
    if (page.length === 0) return listed;
    for (const object of page) {
      if (listed.objects.length + listed.prefixes.length === limit) {
        listed.next = nextOf(listed);
        return listed;
      }
      const common = prefixOf(object.key);
      if (common === undefined) {
        listed.objects.push(object);
        from = object.key;
        includes = false;
        continue;
      }
      listed.prefixes.push(common);
      from = endOfPrefix(common);
      includes = true;
      if (from === "") return listed;
      break;
    }
  }
  return listed;
}

const nextOf = ({ objects, prefixes }: Listed): string => {
  const object = objects.at(-1)?.key ?? "";
  const prefix = prefixes.at(-1) ?? "";
  return Buffer.compare(Buffer.from(object), Buffer.from(prefix)) > 0 ? object : prefix;
};

export async function deleteObjects(bucket: Bucket, request: BlobRequest): Promise<BlobAnswer> {
  const { Object: objects = [], Quiet } = fromXml(await request.text(), "Delete") as {
    Object?: { Key?: string; VersionId?: string }[];
    Quiet?: string;
  };
  if (objects.length === 0 || objects.length > 1_000) throw refusals.malformedXml();
  const keys = objects.map(({ Key }) => {
    if (typeof Key !== "string" || Key === "") throw refusals.malformedXml();
    return Key;
  });
  bucket.remove(keys);
  return {
    status: 200,
    xml: toXml("DeleteResult", Quiet === "true" ? {} : { Deleted: keys.map((Key) => ({ Key })) }),
  };
}

const encodeToken = (key: string): string => Buffer.from(key).toString("base64url");
const decodeToken = (token: string): string => Buffer.from(token, "base64url").toString("utf8");
