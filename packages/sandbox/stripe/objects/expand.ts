import { invalid } from "../stripe-error.ts";
import type { Transaction } from "./transaction.ts";

/** Finds the kind of an id by its prefix and renders it. */
export type Resolver = (tx: Transaction, id: string) => Record<string, unknown> | undefined;
/** Lists that an object shows only where they are asked for: `checkout.session` → `line_items`. */
export type Includer = (tx: Transaction, object: Record<string, unknown>, name: string) => unknown;

const deepest = 4;

/** `expand[]=latest_invoice.payments`: ids become objects. Changes the answer in place. https://docs.stripe.com/api/expanding_objects */
export function expand(
  tx: Transaction,
  answer: unknown,
  paths: string[],
  resolve: Resolver,
  include: Includer,
): void {
  for (const path of paths) {
    const names = path.split(".");
    if (names.length > deepest) {
      throw invalid(`You cannot expand more than ${deepest} levels of a property.`, "expand");
    }
    step(answer, names, path);
  }

  function step(value: unknown, names: string[], path: string): void {
    if (names.length === 0 || value === null || value === undefined) return;
    if (Array.isArray(value)) {
      for (const each of value) step(each, names, path);
      return;
    }
    const [name = "", ...rest] = names;
    const object = value as Record<string, unknown>;
    if (object[name] === undefined) {
      const included = include(tx, object, name);
      if (included === undefined) throw invalid(`This property cannot be expanded (${path}).`, "expand");
      object[name] = included;
    }
    const own = object[name];
    if (typeof own === "string") {
      const resolved = resolve(tx, own);
      if (!resolved) throw invalid(`This property cannot be expanded (${path}).`, "expand");
      object[name] = structuredClone(resolved);
    } else if (Array.isArray(own)) {
      object[name] = own.map((each) => (typeof each === "string" ? (resolve(tx, each) ?? each) : each));
    } else if (own !== null && typeof own !== "object") {
      throw invalid(`This property cannot be expanded (${path}).`, "expand");
    }
    step(object[name], rest, path);
  }
}
