import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { refusals } from "./refusals.ts";

const builder = new XMLBuilder({ ignoreAttributes: false, suppressEmptyNode: false });
const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  isArray: (name) => name === "Part" || name === "Object",
});

const head = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A document of S3's, its root with S3's name space. */
export const toXml = (root: string, content: Record<string, unknown>): string =>
  head + builder.build({ [root]: { "@_xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", ...content } });

export const errorXml = (code: string, message: string, resource: string, requestId: string): string =>
  head + builder.build({ Error: { Code: code, Message: message, Resource: resource, RequestId: requestId } });

/** @throws BlobRequestError */
export function fromXml(text: string, root: string): Record<string, unknown> {
  // A document that declares entities of its own could make them grow without end; S3's have none.
  if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) throw refusals.malformedXml();
  const content = (parser.parse(text) as Record<string, unknown>)[root];
  if (typeof content !== "object" || content === null) throw refusals.malformedXml();
  return content as Record<string, unknown>;
}
