import { isCertainSecret, isOrdinaryValue } from "./ordinary-value.ts";

/** Deeper and longer values are no settings that a person wrote. */
const deepest = 6;

/** A text that is, or may be, a secret of the variable `name`. */
export interface SecretPart {
  name: string;
  /** There is no doubt that it is one. */
  certain: boolean;
}

/**
 * What of an environment's values no text may hold: each value that is not ordinary, its lines (a private key is printed
 * line by line), the password within a URL, and what a JSON value holds; each with the variable. Pure.
 */
export function secretParts(variables: Record<string, string>): Map<string, SecretPart> {
  const parts = new Map<string, SecretPart>();
  for (const [name, value] of Object.entries(variables)) {
    const add = (part: string, under: string) => {
      const text = part.trim();
      if (!isOrdinaryValue(under, text) && !parts.has(text))
        parts.set(text, { name, certain: isCertainSecret(under, text) });
    };
    add(value, name);
    if (value.includes("\n")) for (const line of value.split("\n")) add(line, name);
    // A password is one, whatever the variable is called.
    for (const password of passwordsOf(value)) add(password, "PASSWORD");
    const json = parsed(value);
    if (json !== undefined) eachString(json, name, 0, add);
  }
  return parts;
}

function passwordsOf(value: string): string[] {
  const password = value.includes("://") ? URL.parse(value)?.password : undefined;
  return password ? [password, decoded(password)] : [];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parsed(value: string): object | undefined {
  if (!/^\s*[[{]/.test(value)) return undefined;
  try {
    return JSON.parse(value) as object;
  } catch {
    return undefined;
  }
}

function eachString(
  value: unknown,
  key: string,
  depth: number,
  add: (text: string, under: string) => void,
): void {
  if (typeof value === "string") for (const text of new Set([value, ...value.split("\n")])) add(text, key);
  else if (typeof value === "object" && value !== null && depth < deepest)
    for (const [name, inner] of Object.entries(value))
      eachString(inner, Array.isArray(value) ? key : name, depth + 1, add);
}
