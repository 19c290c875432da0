import { clauseKinds } from "../kinds/index.ts";
import { byHandSchema } from "../language/by-hand.ts";
import type { ClauseKind } from "../language/clause.ts";
import { metricsSchema } from "../language/metrics-schema.ts";
import { typeText } from "./type-text.ts";

/** Beside `runbook.ts`; that imports its type from there. */
export const runbookTypesFile = "runbook-types.d.ts";

/**
 * The type `Runbook` as a file that needs no package: an app is deployed and checked where this platform is not known.
 */
export function runbookTypes(): string {
  const keys = Object.values<Pick<ClauseKind, "key" | "about" | "schema">>(clauseKinds).map(
    ({ key, about, schema }) => property(key, about, typeText(schema, "  ")),
  );
  return `// Written by \`evenkeel runbook types\`. Do not edit; write it anew when the platform is newer.

/** The policy of an app, as \`runbook.ts\` beside it exports it by default: \`satisfies Runbook\`. */
export interface Runbook {
${[
  ...keys,
  property(
    "metrics",
    "Metrics that the app sends itself, by the names that it sends them under.",
    typeText(metricsSchema, "  "),
  ),
  property(
    "byHand",
    "Who sees to the clauses that nothing enforces, and until when.",
    typeText(byHandSchema, "  "),
  ),
].join("\n")}
}
`;
}

const property = (name: string, about: string, type: string): string =>
  `  /** ${about.replaceAll("*/", "*\\/")} */\n  ${name}?: ${type} | undefined;`;
