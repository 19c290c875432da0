import { invalid, StripeFailure } from "../stripe-error.ts";
import type { FormRecord, FormValue } from "./nested-form.ts";

export type Metadata = Record<string, string>;

const mostMetadataKeys = 50;

/**
 * The parameters of one request, read by name and kind. What nobody has read when it is `finish`ed is unknown, and refused: an app must not
 * believe that something happened which did not.
 */
export class Parameters {
  private readonly asked = new Set<string>();
  private readonly parts: Parameters[] = [];

  constructor(
    private readonly values: FormRecord,
    private readonly path = "",
  ) {}

  /** In errors: `line_items[0][price]`. */
  name(name: string): string {
    return this.path === "" ? name : `${this.path}[${name}]`;
  }

  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "string") return value;
    throw invalid(`Invalid string: ${JSON.stringify(value).slice(0, 200)}`, this.name(name));
  }

  required(name: string): string {
    const value = this.text(name);
    if (value !== undefined && value !== "") return value;
    throw missing(this.name(name));
  }

  /** An empty text takes the value away: null. */
  nullable(name: string): string | null | undefined {
    const value = this.text(name);
    return value === "" ? null : value;
  }

  integer(name: string, low = 0, high = 99_999_999_999): number | undefined {
    const text = this.text(name);
    if (text === undefined || text === "") return undefined;
    if (!/^-?\d{1,15}$/.test(text)) {
      throw invalid(`Invalid integer: ${text.slice(0, 100)}`, this.name(name), "parameter_invalid_integer");
    }
    const value = Number(text);
    if (value < low)
      throw invalid(
        `This value must be greater than or equal to ${low}.`,
        this.name(name),
        "parameter_invalid_integer",
      );
    if (value > high)
      throw invalid(
        `This value must be less than or equal to ${high}.`,
        this.name(name),
        "parameter_invalid_integer",
      );
    return value;
  }

  flag(name: string): boolean | undefined {
    const text = this.text(name);
    if (text === undefined || text === "") return undefined;
    if (text === "true" || text === "false") return text === "true";
    throw invalid(`Invalid boolean: ${text.slice(0, 100)}`, this.name(name));
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name);
    if (text === undefined || text === "") return undefined;
    const choice = choices.find((each) => each === text);
    if (choice !== undefined) return choice;
    throw invalid(`Invalid ${name}: must be one of ${choices.join(", ")}`, this.name(name));
  }

  texts(name: string): string[] | undefined {
    const value = this.value(name);
    if (value === undefined || value === "") return undefined;
    if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value as string[];
    throw invalid("Invalid array", this.name(name));
  }

  record(name: string): Parameters | undefined {
    const value = this.value(name);
    if (value === undefined || value === "") return undefined;
    if (typeof value === "string" || Array.isArray(value)) throw invalid("Invalid object", this.name(name));
    return this.part(value, this.name(name));
  }

  records(name: string): Parameters[] | undefined {
    const value = this.value(name);
    if (value === undefined || value === "") return undefined;
    if (!Array.isArray(value)) throw invalid("Invalid array", this.name(name));
    return value.map((each, index) => {
      const path = `${this.name(name)}[${index}]`;
      if (typeof each === "string" || Array.isArray(each)) throw invalid("Invalid object", path);
      return this.part(each, path);
    });
  }

  metadata(): Metadata {
    return this.metadataChange()({});
  }

  /** What is new is added to what is known; an empty text removes a key, and an empty parameter all of them. */
  metadataChange(): (known: Metadata) => Metadata {
    const value = this.value("metadata");
    if (value === undefined) return (known) => known;
    if (value === "") return () => ({});
    if (typeof value === "string") throw invalid("Invalid object", this.name("metadata"));
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== "string") throw invalid("Invalid string: {}", `${this.name("metadata")}[${key}]`);
      if (key.length > 40 || text.length > 500) {
        throw invalid(
          "Metadata keys have up to 40 characters, values up to 500",
          this.name("metadata"),
          "parameter_invalid_string_too_long",
        );
      }
    }
    const given = Object.entries(value as Metadata);
    return (known) => {
      const merged = Object.fromEntries(
        [...Object.entries(known), ...given].filter(([key]) => value[key as never] !== ""),
      );
      if (Object.keys(merged).length <= mostMetadataKeys) return merged;
      throw invalid(`You can have up to ${mostMetadataKeys} metadata keys`, this.name("metadata"));
    };
  }

  /** Parameters of Stripe's that change nothing which the twin shows. */
  ignore(...names: string[]): void {
    for (const name of names) this.asked.add(name);
  }

  /** @throws StripeFailure where something is left that nobody has read */
  finish(): void {
    for (const name of Object.keys(this.values)) {
      if (this.asked.has(name)) continue;
      throw invalid(
        `Received unknown parameter: ${this.name(name)}. (The sandbox's twin of Stripe does not know it.)`,
        this.name(name),
        "parameter_unknown",
      );
    }
    for (const part of this.parts) part.finish();
  }

  private part(values: FormRecord, path: string): Parameters {
    const part = new Parameters(values, path);
    this.parts.push(part);
    return part;
  }

  private value(name: string): FormValue | undefined {
    this.asked.add(name);
    return Object.hasOwn(this.values, name) ? this.values[name] : undefined;
  }
}

export const missing = (name: string): StripeFailure =>
  new StripeFailure(400, `Missing required param: ${name}.`, { code: "parameter_missing", param: name });
