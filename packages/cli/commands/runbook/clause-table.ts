import type { RunbookClause } from "@evenkeel/control";
import { formatAge, formatTable } from "../../output/table.ts";

/** Every clause with what enforces it, in the order of the file's sections. */
export function clauseTable(clauses: readonly RunbookClause[]): string {
  const rows = clauses.map((clause) => [
    clause.line > 0 ? String(clause.line) : "",
    clause.id,
    clause.says.length > 70 ? `${clause.says.slice(0, 69)}…` : clause.says,
    enforcedBy(clause),
    lastOf(clause),
  ]);
  return formatTable(["line", "clause", "says", "enforced by", "last exercised"], rows);
}

export const enforcedBy = ({ enforcedBy, byHand, overdue }: RunbookClause): string =>
  byHand ? `${byHand.owner} by ${byHand.due}${overdue ? ", OVERDUE" : ""}` : enforcedBy;

function lastOf({ last, enforcedBy, byHand }: RunbookClause): string {
  if (last) return `${formatAge(last.atMs)}: ${last.result}`;
  if (byHand) return "";
  return enforcedBy === "platform" ? "always" : "never yet";
}

/** `12 clauses: 5 by the watcher, 4 by the platform, 3 by people (1 overdue)` */
export function countClauses(clauses: readonly RunbookClause[]): string {
  const counted = new Map<string, number>();
  for (const clause of clauses) {
    const by = clause.byHand ? "people" : `the ${clause.enforcedBy}`;
    counted.set(by, (counted.get(by) ?? 0) + 1);
  }
  const overdue = clauses.filter((clause) => clause.overdue).length;
  const parts = [...counted].map(
    ([by, count]) => `${count} by ${by}${by === "people" && overdue > 0 ? ` (${overdue} overdue)` : ""}`,
  );
  return `${clauses.length} clauses: ${parts.join(", ")}`;
}
