import type { SeededRandom } from "../accounts/seeded-random.ts";
import type { Conversation } from "./conversation-text.ts";
import { nearestSentences, questionOf } from "./write-answer.ts";

type Schema = Record<string, unknown>;

const longestTitle = 8;

/** A value that fits a JSON schema, its texts taken from what was given. Deterministic by seed. */
export function fillSchema(schema: Schema, conversation: Conversation, random: SeededRandom): unknown {
  const sentences = nearestSentences(conversation);
  const texts = sentences.length > 0 ? sentences : [questionOf(conversation) || "From the sandbox."];
  let next = 0;
  const definitions = recordOf(schema["$defs"]) ?? recordOf(schema["definitions"]) ?? {};

  const fill = (one: Schema, name: string, depth: number): unknown => {
    const reference = typeof one["$ref"] === "string" ? one["$ref"].split("/").at(-1)! : undefined;
    if (reference !== undefined)
      return depth > 8 ? null : fill(recordOf(definitions[reference]) ?? {}, name, depth + 1);
    for (const given of ["const", "default"]) if (one[given] !== undefined) return one[given];
    if (Array.isArray(one["enum"])) return one["enum"][0];
    const either = one["anyOf"] ?? one["oneOf"];
    if (Array.isArray(either)) {
      const options = either.map((option) => recordOf(option) ?? {});
      return fill(options.find((option) => option["type"] !== "null") ?? {}, name, depth + 1);
    }
    const type = Array.isArray(one["type"]) ? one["type"].find((each) => each !== "null") : one["type"];
    switch (type) {
      case "object":
        return Object.fromEntries(
          Object.entries(recordOf(one["properties"]) ?? {}).map(([property, of]) => [
            property,
            fill(recordOf(of) ?? {}, property, depth + 1),
          ]),
        );
      case "array": {
        const count = Math.max(
          Number(one["minItems"] ?? 0),
          Math.min(3, Number(one["maxItems"] ?? 3), texts.length),
        );
        return Array.from({ length: count }, () => fill(recordOf(one["items"]) ?? {}, name, depth + 1));
      }
      case "integer":
      case "number": {
        const low = Number(one["minimum"] ?? 1);
        return random.between(low, Number(one["maximum"] ?? low + 9));
      }
      case "boolean":
        return true;
      case "null":
        return null;
      default:
        return textFor(one, name, texts, () => texts[next++ % texts.length]!);
    }
  };
  return fill(schema, "", 0);
}

/** By what its name asks for: a title is short, a body is everything. */
function textFor(schema: Schema, name: string, texts: string[], next: () => string): string {
  if (schema["format"] === "date-time") return "2030-01-15T10:00:00Z";
  if (schema["format"] === "date") return "2030-01-15";
  if (schema["format"] === "email") return "somebody@example.com";
  const longest = Number(schema["maxLength"] ?? Number.POSITIVE_INFINITY);
  const text = /title|headline|subject|label|name/i.test(name)
    ? next()
        .split(/\s+/)
        .slice(0, longestTitle)
        .join(" ")
        .replace(/[.,;:]$/, "")
    : /body|content|article|text|markdown|html/i.test(name)
      ? texts.join("\n\n")
      : next();
  return text.length > longest ? text.slice(0, longest) : text;
}

const recordOf = (value: unknown): Schema | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : undefined;
