import { InvalidValueError } from "@evenkeel/model";
import { type BackupClause, parseBackupClause } from "../backup/backup-schedule.ts";

/** What a database is promised, as people write it: `daily 02:00 UTC, 30 days`. */
export const usualClauses = ["daily 02:00 UTC, 30 days", "continuous, 7 days"];

export interface ProtectionTerms {
  clauses: BackupClause[];
  /** A commit waits until it is in the spool, too. */
  zeroLoss: boolean;
}

/** @throws InvalidValueError naming the clause that cannot be read, or what is missing among them */
export function readTerms(
  clauses: string[] = usualClauses,
  { zeroLoss = false }: { zeroLoss?: boolean } = {},
): ProtectionTerms {
  const parsed = clauses.map(parseBackupClause);
  const kinds = parsed.map(({ kind }) => kind);
  if (!kinds.some((kind) => kind !== "continuous")) {
    throw new InvalidValueError("A schedule without `daily` or `weekly` takes no backup", {
      hint: "WAL leads from a backup to a moment: add for example `daily 02:00 UTC, 30 days`.",
    });
  }
  const twice = kinds.find((kind, index) => kinds.indexOf(kind) !== index);
  if (twice) {
    throw new InvalidValueError(`The schedule says \`${twice}\` twice`, { hint: "Write each of them once." });
  }
  return { clauses: parsed, zeroLoss };
}
