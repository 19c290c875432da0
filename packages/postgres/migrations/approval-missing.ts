import { MigrationApprovalError } from "../errors.ts";
import type { ReviewedStatement } from "./guard/review.ts";

/** It takes something away, nobody can read what it does, or code that runs now fails after it. */
export const isGrave = ({ effect, findings }: ReviewedStatement): boolean =>
  effect === "destructive" || effect === "opaque" || findings.some((finding) => finding.breaksOldCode);

/** @param hint how an approval is given */
export function approvalMissing(
  statements: ReviewedStatement[],
  hint = "Approve these statements, or change them.",
): MigrationApprovalError {
  const grave = statements.filter(isGrave);
  const first = grave[0]!;
  const finding = first.findings.find(
    ({ breaksOldCode, effect }) => breaksOldCode || effect === first.effect,
  )!;
  const more = grave.length > 1 ? `, and ${grave.length - 1} more` : "";
  return new MigrationApprovalError(
    `Migration ${first.migration} (${first.file}:${first.line}) is ${first.effect}: it ${finding.reason}${more}`,
    { hint: [finding.remedy, hint].filter(Boolean).join(" ") },
  );
}
