import type { StoredObject } from "./archive-target.ts";

/**
 * One page of ListObjectsV2, asked for with `encoding-type=url`: keys are percent-encoded, so no value holds markup but the token.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export function readListing(xml: string): { objects: StoredObject[]; next: string | undefined } {
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry]) => ({
    key: decodeURIComponent(elementOf(entry!, "Key")!.replaceAll("+", " ")),
    sizeBytes: Number(elementOf(entry!, "Size")),
    modifiedMs: Date.parse(elementOf(entry!, "LastModified")!),
  }));
  const truncated = elementOf(xml, "IsTruncated") === "true";
  return { objects, next: truncated ? elementOf(xml, "NextContinuationToken") : undefined };
}

/** The text of the first element of this name. */
export function elementOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(xml)?.[1];
  return text?.replace(/&(amp|lt|gt|quot|apos);/g, (_, entity: keyof typeof entities) => entities[entity]);
}

const entities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
