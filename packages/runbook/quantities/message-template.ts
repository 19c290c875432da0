import { InvalidValueError } from "@evenkeel/model";
import { nearest } from "../language/nearest.ts";

/** What words about an incident may name. */
export const templateFields = [
  ...(["service", "app", "environment", "severity", "title", "message", "phase", "status"] as const),
  ...(["components", "incident", "url", "started", "duration"] as const),
] as const;
export type TemplateField = (typeof templateFields)[number];

type Piece = string | { field: TemplateField };

/** Words with fields, `{service}`; `{{` and `}}` are braces. */
export class MessageTemplate {
  private constructor(private readonly pieces: readonly Piece[]) {}

  /** @throws InvalidValueError where a brace is left open, or a field is not known */
  static read(text: string): MessageTemplate {
    const pieces: Piece[] = [];
    for (const match of text.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g)) {
      const [whole, name] = match;
      if (whole === "{{" || whole === "}}") pieces.push(whole[0]!);
      else if (name !== undefined) pieces.push({ field: fieldOf(name.trim()) });
      else if (whole === "{" || whole === "}") {
        throw new InvalidValueError(`the brace at character ${match.index + 1} has no other one`, {
          hint: "Write {service} for a field, and {{ or }} for a brace itself.",
        });
      } else pieces.push(whole);
    }
    return new MessageTemplate(pieces);
  }

  fill(values: Record<TemplateField, string>): string {
    return this.pieces.map((piece) => (typeof piece === "string" ? piece : values[piece.field])).join("");
  }
}

function fieldOf(name: string): TemplateField {
  const known = templateFields.find((field) => field === name);
  if (known !== undefined) return known;
  const guess = nearest(name, templateFields);
  throw new InvalidValueError(`{${name.slice(0, 40)}} is no field of an incident`, {
    hint: guess === undefined ? `Fields are ${templateFields.join(", ")}.` : `Did you mean {${guess}}?`,
  });
}
