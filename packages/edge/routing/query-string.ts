import { decodeComponent } from "./canonical-path.ts";
import type { Pairs } from "./resolution.ts";

/**
 * The client's query string with the parameters that routes added: an added name replaces all of the client's of that name, so that
 * `/api/[id]?id=$1` means the path's id whatever the client appends. What no route named stays byte for byte.
 *
 * @param added encoded names and values.
 */
export function mergeQuery(raw: string, added: Pairs): string {
  if (added.length === 0) return raw;
  const text = formatQuery(added);
  if (raw === "") return text;
  const names = new Set(added.map(([name]) => decodeName(name)));
  const kept = raw
    .split("&")
    .filter((parameter) => parameter !== "" && !names.has(decodeName(nameOf(parameter))));
  return kept.length === 0 ? text : `${kept.join("&")}&${text}`;
}

/** Encoded parameters with later ones in place of earlier ones of the same name. */
export function overrideParameters(earlier: Pairs, later: Pairs): Pairs {
  if (later.length === 0) return earlier;
  const names = new Set(later.map(([name]) => name));
  return [...earlier.filter(([name]) => !names.has(name)), ...later];
}

/** @param pairs encoded names and values. */
export function formatQuery(pairs: Pairs): string {
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** Splits a raw query string into pairs, still encoded; a name without `=` gets an empty value. */
export function splitQuery(raw: string): [name: string, value: string][] {
  return raw
    .split("&")
    .filter((parameter) => parameter !== "")
    .map((parameter) => {
      const name = nameOf(parameter);
      return [name, parameter.slice(name.length + 1)];
    });
}

/** A parameter's decoded value: the last one of that name, `undefined` without any. */
export function queryValue(raw: string, name: string): string | undefined {
  if (raw === "") return undefined;
  let value: string | undefined;
  for (const [key, text] of splitQuery(raw)) {
    if (decodeName(key) === name) value = decodeComponent(text.replaceAll("+", " "));
  }
  return value;
}

export const decodeName = (name: string): string => decodeComponent(name.replaceAll("+", " "));

function nameOf(parameter: string): string {
  const equals = parameter.indexOf("=");
  return equals === -1 ? parameter : parameter.slice(0, equals);
}
