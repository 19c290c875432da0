import { invalid } from "../stripe-error.ts";

export type FormValue = string | FormValue[] | FormRecord;
export interface FormRecord {
  [name: string]: FormValue;
}

const mostLevels = 8;
const mostItems = 1_000;

/** `items[0][price]=price_1&expand[]=customer` as a value. @throws StripeFailure */
export function readNestedForm(form: URLSearchParams): FormRecord {
  const root: FormRecord = Object.create(null);
  for (const [name, value] of form) place(root, keysOf(name), value, name);
  return listsOf(root) as FormRecord;
}

function keysOf(name: string): string[] {
  const [, first, rest] = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name) ?? [];
  if (first === undefined) throw invalid(`Invalid parameter name: ${name.slice(0, 100)}`);
  const keys = [first, ...Array.from(rest!.matchAll(/\[([^[\]]*)\]/g), ([, key]) => key!)];
  if (keys.length > mostLevels) throw invalid(`Parameter ${first} is nested too deeply`);
  return keys;
}

function place(root: FormRecord, keys: string[], value: string, name: string): void {
  let at = root;
  for (const [level, key] of keys.entries()) {
    const own = key === "" ? String(Object.keys(at).length) : key;
    if (level === keys.length - 1) at[own] = value;
    else {
      at[own] ??= Object.create(null) as FormRecord;
      const next = at[own];
      if (typeof next === "string")
        throw invalid(`Invalid parameter: ${name.slice(0, 100)} is both a value and a hash`);
      at = next as FormRecord;
    }
  }
}

/** Hashes whose keys count from 0 are lists. */
function listsOf(value: FormValue): FormValue {
  if (typeof value === "string" || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  const isList =
    keys.length > 0 && keys.length <= mostItems && keys.every((key, index) => key === String(index));
  if (isList) return keys.map((key) => listsOf(value[key]!));
  return Object.fromEntries(keys.map((key) => [key, listsOf(value[key]!)]));
}
