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

/** Attributes as plain values; what is too many, too long or too deep is cut, marked by `…`. Of equal keys the last counts. */
export function readAttributes(pairs: KeyValue[]): Attributes {
  const attributes: Attributes = {};
  let count = 0;
  for (const { key, value } of pairs) {
    if (key === "" || !value) continue;
    if (++count > attributeLimit) break;
    const read = readValue(value);
    // `__proto__` is a name like any other.
    if (read !== undefined) Object.defineProperty(attributes, cut(key, keyLimit), ownProperty(read));
  }
  return attributes;
}

export function readValue(value: AnyValue, depth = 0): AttributeValue | undefined {
  if (depth > depthLimit) return "…";
  switch (value.value) {
    case "stringValue":
      return cut(value.stringValue, textLimit);
    case "boolValue":
      return value.boolValue;
    case "intValue":
      return toNumber(value.intValue);
    case "doubleValue":
      // JSON knows no NaN.
      return Number.isFinite(value.doubleValue) ? value.doubleValue : String(value.doubleValue);
    case "bytesValue":
      return cut(Buffer.from(value.bytesValue.subarray(0, textLimit)).toString("base64"), textLimit);
    case "arrayValue":
      return value.arrayValue.values
        .slice(0, listLimit)
        .map((element) => readValue(element, depth + 1) ?? "");
    case "kvlistValue": {
      const record: Record<string, AttributeValue> = {};
      for (const { key, value: element } of value.kvlistValue.values.slice(0, listLimit)) {
        const read = element ? readValue(element, depth + 1) : undefined;
        if (read !== undefined) Object.defineProperty(record, cut(key, keyLimit), ownProperty(read));
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

export const cut = (text: string, limit: number): string =>
  text.length <= limit ? text : `${text.slice(0, limit)}…`;

/** An attribute as one line of text; undefined where there is none. */
export function textOf(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  if (value === undefined || value === "") return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
