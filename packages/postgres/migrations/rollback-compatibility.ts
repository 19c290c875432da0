import { SchemaIncompatibleError } from "../errors.ts";
import type { AppliedMigration } from "./ledger.ts";

/** What a release needs to know of its schema: the names in the ledger when it was deployed. */
export interface ReleaseSchema {
  /** `v12`. */
  release: string;
  migrations: string[];
}

/** Migrations that ran after the release and that its code may not survive, oldest first. Pure. */
export function incompatibleMigrations(
  schema: ReleaseSchema,
  ledger: AppliedMigration[],
): AppliedMigration[] {
  const known = new Set(schema.migrations);
  return ledger.filter((migration) => !known.has(migration.name) && migration.breaksOldCode);
}

/** @throws SchemaIncompatibleError with the way out, when going back to the release would put it on a schema that it does not know. */
export function requireCompatibleSchema(schema: ReleaseSchema, ledger: AppliedMigration[]): void {
  const [first, ...more] = incompatibleMigrations(schema, ledger);
  if (!first) return;
  const others = more.length > 0 ? ` and ${more.length} more` : "";
  throw new SchemaIncompatibleError(
    `Release ${schema.release} cannot run on the database as it is: migration ${first.name}${others} took away what it may need`,
    {
      hint: `Deploy a correction forward, or restore the database to before it (\`evenkeel db restore --to ${first.lsnBefore}\`), which also undoes all rows written since.`,
    },
  );
}
