import { decodeComponent } from "./canonical-path.ts";

/** What a matched route has to fill its templates with. */
export interface Captures {
  /** Of `src`; its texts are parts of the canonical path, so still percent-encoded. */
  match: RegExpExecArray;
  /** Of `has`: decoded values of headers, cookies, parameters. `undefined` where there are none. */
  conditions: Map<string, string> | undefined;
  /** Value of `wildcard` in the configuration for this host. */
  wildcard: string;
}

/** Where the filled text will stand, and so how captured text is escaped. */
export type TextPlace = "path" | "query" | "header";

/** `$1`, `$name`, `$0` (the whole match) and `$wildcard` in a text. */
export interface Template {
  /** Names it refers to, numbers as text. */
  readonly names: ReadonlySet<string>;
  fill(captures: Captures, place: TextPlace): string;
}

type Part = string | { group: string | number } | { condition: string } | { wildcard: true };

/** The names a route offers to its templates. */
export interface TemplateNames {
  /** Number of groups in `src`. */
  groups: number;
  named: readonly string[];
  /** From `has`. They win over a group of the same name, as in Vercel's own conversion. */
  conditions: readonly string[];
  /** Names whose text is known already; they win over all others and are never filled in again. */
  constants?: ReadonlyMap<string, string>;
}

/**
 * Compiles a text. Of several names that a `$` could begin, the longest is meant (`$12` is group 12 if there is one, else group 1 and a `2`);
 * a `$` before no known name is a plain dollar sign.
 */
export function compileTemplate(text: string, names: TemplateNames): Template {
  if (!text.includes("$")) return { names: new Set(), fill: () => text };
  const parts: Part[] = [];
  const used = new Set<string>();
  const known: { name: string; part: Part }[] = [
    ...[...(names.constants ?? [])].map(([name, part]) => ({ name, part })),
    ...names.conditions.map((name) => ({ name, part: { condition: name } })),
    ...names.named.map((name) => ({ name, part: { group: name } })),
    ...Array.from({ length: names.groups + 1 }, (_, n) => ({ name: String(n), part: { group: n } })),
    { name: "wildcard", part: { wildcard: true } as const },
  ].sort((a, b) => b.name.length - a.name.length);

  let literal = "";
  for (let index = 0; index < text.length; ) {
    const found =
      text[index] === "$" ? known.find(({ name }) => text.startsWith(name, index + 1)) : undefined;
    if (!found) {
      literal += text[index++];
      continue;
    }
    index += found.name.length + 1;
    if (typeof found.part === "string") {
      literal += found.part;
      continue;
    }
    parts.push(literal, found.part);
    used.add(found.name);
    literal = "";
  }
  parts.push(literal);

  return {
    names: used,
    fill(captures, place) {
      let filled = "";
      for (const part of parts) filled += typeof part === "string" ? part : fillPart(part, captures, place);
      return filled;
    },
  };
}

function fillPart(part: Exclude<Part, string>, captures: Captures, place: TextPlace): string {
  if ("wildcard" in part) return captures.wildcard;
  if ("condition" in part) return escapeValue(captures.conditions?.get(part.condition) ?? "", place);
  const text =
    typeof part.group === "number" ? captures.match[part.group] : captures.match.groups?.[part.group];
  if (text === undefined) return "";
  return place === "query" ? encodeURIComponent(decodeComponent(text).toWellFormed()) : text;
}

/** A value from outside the path may hold anything, line breaks included. */
function escapeValue(value: string, place: TextPlace): string {
  if (place === "header") return value.replace(/[\0-\x1f\x7f]/g, "");
  const encoded = encodeURIComponent(value.toWellFormed());
  return place === "query" ? encoded : encoded.replaceAll("%2F", "/");
}
