import { z } from "zod";

/**
 * The TypeScript of what a schema takes in. Only for the forms that kinds are made of; a new one has to be added here.
 *
 * @param indent of the line on which it begins
 */
export function typeText(schema: z.core.$ZodType, indent = ""): string {
  if (schema instanceof z.ZodString) return "string";
  if (schema instanceof z.ZodNumber) return "number";
  if (schema instanceof z.ZodBoolean) return "boolean";
  if (schema instanceof z.ZodEnum) return schema.options.map((each) => JSON.stringify(each)).join(" | ");
  if (schema instanceof z.ZodOptional) return `${typeText(schema.unwrap(), indent)} | undefined`;
  if (schema instanceof z.ZodArray) return `Array<${typeText(schema.element, indent)}>`;
  if (schema instanceof z.ZodUnion)
    return [...new Set(schema.options.map((each) => typeText(each, indent)))].join(" | ");
  if (schema instanceof z.ZodRecord) {
    const record = `Record<${typeText(schema.keyType)}, ${typeText(schema.valueType as z.ZodType, indent)}>`;
    return isPartial(schema) ? `Partial<${record}>` : record;
  }
  if (schema instanceof z.ZodObject) return objectText(schema, indent);
  throw new TypeError(`There is no text of the type of ${schema._zod.def.type}`);
}

function objectText({ shape }: z.ZodObject, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(shape).map(([name, each]) => {
    const mark = each instanceof z.ZodOptional ? "?" : "";
    return `${inner}${propertyName(name)}${mark}: ${typeText(each, inner)};`;
  });
  return `{\n${lines.join("\n")}\n${indent}}`;
}

/** `z.partialRecord`: its keys are known, and none has to be there. */
const isPartial = ({ def }: z.ZodRecord): boolean => (def as { partial?: boolean }).partial === true;

export const propertyName = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
