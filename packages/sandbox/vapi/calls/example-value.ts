import type { SeededRandom } from "../../accounts/seeded-random.ts";
import { objectOf } from "./assistant-settings.ts";
import type { Settings } from "./call.ts";

/**
 * A value that fits a JSON schema: its example or default, else one of its enum, else something plain of its type.
 *
 * @param said what the person said, for texts
 */
export function exampleValue(schema: Settings, random: SeededRandom, said: string): unknown {
  const examples = schema["examples"];
  if (Array.isArray(examples) && examples.length > 0) return random.pick(examples);
  for (const name of ["example", "default", "const"]) if (schema[name] !== undefined) return schema[name];
  if (Array.isArray(schema["enum"]) && schema["enum"].length > 0) return random.pick(schema["enum"]);
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (type) {
    case "object":
      return Object.fromEntries(
        Object.entries(objectOf(schema["properties"]) ?? {}).map(([name, property]) => [
          name,
          exampleValue(objectOf(property) ?? {}, random, said),
        ]),
      );
    case "array":
      return [exampleValue(objectOf(schema["items"]) ?? {}, random, said)];
    case "number":
    case "integer": {
      const low = Number(schema["minimum"] ?? 1);
      return random.between(low, Number(schema["maximum"] ?? low + 9));
    }
    case "boolean":
      return random.chance(0.5);
    case "null":
      return null;
    default:
      return schema["format"] === "date-time"
        ? "2030-01-15T10:00:00Z"
        : schema["format"] === "date"
          ? "2030-01-15"
          : said;
  }
}
