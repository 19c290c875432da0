import type { Parameters } from "../parameters/parameters.ts";
import { invalid } from "../stripe-error.ts";
import type { Kind, Recorded } from "./kind.ts";
import type { Transaction } from "./transaction.ts";

type Clause = (object: Record<string, unknown>) => boolean;

const clausePattern =
  /^\s*(-?)([a-z_]+)(?:\[(?:"([^"]*)"|'([^']*)')\])?\s*(:|~|>=|<=|>|<)\s*(?:"([^"]*)"|'([^']*)'|(-?\d+)|(null))\s*/;

/** Stripe's search language, of clauses joined all by AND or all by OR: https://docs.stripe.com/search#search-query-language */
export function readQuery(query: string): Clause {
  const clauses: Clause[] = [];
  let joiner: string | undefined;
  for (let rest = query; ; ) {
    const match = clausePattern.exec(rest);
    if (!match) throw invalid("We were unable to parse your search query.", "query");
    const [whole, negated, field, one, other, operator, quoted, single, number, nothing] = match;
    clauses.push(
      clause(
        negated === "-",
        field!,
        one ?? other,
        operator!,
        nothing ? null : (quoted ?? single ?? number!),
      ),
    );
    rest = rest.slice(whole.length);
    if (rest === "") break;
    const [joined, word] = /^(AND|OR)\s+/i.exec(rest) ?? [" ", "AND"];
    if (joiner !== undefined && joiner !== word!.toUpperCase())
      throw invalid("You cannot combine AND and OR in one search query.", "query");
    joiner = word!.toUpperCase();
    rest = joined === " " ? rest : rest.slice(joined.length);
  }
  return (object) =>
    joiner === "OR" ? clauses.some((each) => each(object)) : clauses.every((each) => each(object));
}

function clause(
  negated: boolean,
  field: string,
  key: string | undefined,
  operator: string,
  wanted: string | null,
): Clause {
  return (object) => {
    if (!(field in object)) throw invalid(`Field \`${field}\` is an unsupported search field.`, "query");
    const own = object[field];
    const value = key === undefined ? own : (own as Record<string, unknown> | null)?.[key];
    return compare(value, operator, wanted) !== negated;
  };
}

function compare(value: unknown, operator: string, wanted: string | null): boolean {
  if (wanted === null) return value === null || value === undefined;
  switch (operator) {
    case ":":
      return String(value ?? "").toLowerCase() === wanted.toLowerCase();
    case "~":
      return String(value ?? "")
        .toLowerCase()
        .includes(wanted.toLowerCase());
    case ">":
      return Number(value) > Number(wanted);
    case ">=":
      return Number(value) >= Number(wanted);
    case "<":
      return Number(value) < Number(wanted);
    default:
      return Number(value) <= Number(wanted);
  }
}

export interface SearchWish {
  matches: Clause;
  limit: number;
  page: string | undefined;
}

export const readSearch = (params: Parameters): SearchWish => ({
  matches: readQuery(params.required("query")),
  limit: params.integer("limit", 1, 100) ?? 10,
  page: params.text("page"),
});

export function search<R extends Recorded>(
  tx: Transaction,
  kind: Kind<R>,
  { matches, limit, page }: SearchWish,
): object {
  const found = tx
    .newestFirst(kind)
    .map((record) => tx.render(kind, record))
    .filter(matches);
  const from = page === undefined ? 0 : Number(page) || 0;
  const hasMore = found.length > from + limit;
  return {
    object: "search_result",
    data: found.slice(from, from + limit),
    has_more: hasMore,
    next_page: hasMore ? String(from + limit) : null,
    url: `${kind.path}/search`,
  };
}
