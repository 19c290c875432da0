import type { AnyValue, KeyValue } from "./otlp-types.ts";
import { toNumber } from "./otlp-types.ts";

export type AttributeValue = string | number | boolean | AttributeValue[] | { [key: string]: AttributeValue };
export type Attributes = Record<string, AttributeValue>;

/** OpenTelemetry's own default is 128 (https://opentelemetry.io/docs/specs/otel/common/#attribute-limits); a larger set is cut. */
const attributeLimit = 128;
const keyLimit = 256;
const textLimit = 4_096;
const listLimit = 64;
const depthLimit = 6;

/** Takes out of what an app sends what must not be written down. */
export interface Cleaner {
  /** @param isCut the text went on */
  text(text: string, isCut: boolean): string;
  /** Attributes whose texts went through `text`: what their names say is secret. */
  attributes(attributes: Attributes): Attributes;
}

/** Of a sender who has no secrets. */
export const noCleaner: Cleaner = { text: (text) => text, attributes: (attributes) => attributes };

/** Attributes as plain values; what is too many, too long or too deep is cut, marked by `…`. Of equal keys the last counts. */
export function readAttributes(pairs: KeyValue[], cleaner: Cleaner = noCleaner): Attributes {
  const attributes: Attributes = {};
  let count = 0;
  for (const { key, value } of pairs) {
    if (key === "" || !value) continue;
    if (++count > attributeLimit) break;
    const read = readValue(value, cleaner);
    // `__proto__` is a name like any other.
    if (read !== undefined)
      Object.defineProperty(attributes, cleanText(key, keyLimit, cleaner), ownProperty(read));
  }
  return cleaner.attributes(attributes);
}

/** @param limit of each text, in characters */
export function readValue(
  value: AnyValue,
  cleaner: Cleaner = noCleaner,
  limit = textLimit,
  depth = 0,
): AttributeValue | undefined {
  if (depth > depthLimit) return "…";
  switch (value.value) {
    case "stringValue":
      return cleanText(value.stringValue, limit, cleaner);
    case "boolValue":
      return value.boolValue;
    case "intValue":
      return toNumber(value.intValue);
    case "doubleValue":
      // JSON knows no NaN.
      return Number.isFinite(value.doubleValue) ? value.doubleValue : String(value.doubleValue);
    case "bytesValue":
      return cleanText(Buffer.from(value.bytesValue.subarray(0, limit)).toString("base64"), limit, cleaner);
    case "arrayValue":
      return value.arrayValue.values
        .slice(0, listLimit)
        .map((element) => readValue(element, cleaner, limit, depth + 1) ?? "");
    case "kvlistValue": {
      const record: Record<string, AttributeValue> = {};
      for (const { key, value: element } of value.kvlistValue.values.slice(0, listLimit)) {
        const read = element ? readValue(element, cleaner, limit, depth + 1) : undefined;
        if (read !== undefined)
          Object.defineProperty(record, cleanText(key, keyLimit, cleaner), ownProperty(read));
      }
      return record;
    }
    default:
      return undefined;
  }
}

const ownProperty = (value: AttributeValue): PropertyDescriptor => ({
  value,
  enumerable: true,
  configurable: true,
  writable: true,
});

/** Cleaned before it is cut, lest half a secret stays; of a text that is far too long its beginning alone is looked at. */
export function cleanText(text: string, limit: number, cleaner: Cleaner): string {
  const looked = text.length > 2 * limit ? text.slice(0, 2 * limit) : text;
  return cut(cleaner.text(looked, looked.length < text.length), limit);
}

export const cut = (text: string, limit: number): string =>
  text.length <= limit ? text : `${text.slice(0, limit)}…`;

/** An attribute as one line of text; undefined where there is none. */
export function textOf(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  if (value === undefined || value === "") return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
