import type { Node, RangeVar } from "libpg-query";

type KindsOf<N> = N extends unknown ? keyof N : never;

/** Names of PostgreSQL's parse nodes. */
export type NodeKind = KindsOf<Node>;
export type NodeOf<Kind extends NodeKind> = Node extends infer N
  ? N extends Record<Kind, infer Content>
    ? Content
    : never
  : never;

/** A node of this kind, or undefined. */
export const asKind = <Kind extends NodeKind>(node: Node | undefined, kind: Kind): NodeOf<Kind> | undefined =>
  (node as Record<string, unknown> | undefined)?.[kind] as NodeOf<Kind> | undefined;

/** The texts of `String` nodes: parts of a qualified name. */
export const textsOf = (nodes: Node[] | undefined): string[] =>
  (nodes ?? []).map((node) => asKind(node, "String")?.sval ?? "");

/** Calls `visit` with every node inside, itself included. */
export function walk(value: unknown, visit: (kind: string, content: Record<string, unknown>) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
    return;
  }
  if (value === null || typeof value !== "object") return;
  for (const [key, content] of Object.entries(value)) {
    if (content !== null && typeof content === "object" && !Array.isArray(content) && /^[A-Z]/.test(key)) {
      visit(key, content as Record<string, unknown>);
    }
    walk(content, visit);
  }
}

/** `public.orders`. Unqualified names are taken to mean `public`, where migrations put things. */
export const relationName = (relation: RangeVar | undefined): string =>
  `${relation?.schemaname ?? "public"}.${relation?.relname ?? ""}`;

export const qualifiedName = (parts: string[]): string =>
  parts.length > 1 ? parts.slice(-2).join(".") : `public.${parts[0] ?? ""}`;

/** As people write it. */
export const shownName = (qualified: string): string => qualified.replace(/^public\./, "");
