import { SchemaIncompatibleError } from "../errors.ts";
import type { AppliedMigration } from "./ledger.ts";

/** What a release needs to know of its schema: the names in the ledger when it was deployed. */
export interface ReleaseSchema {
  /** For people: `Release v12`. */
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

/** Migrations that had run when the release was deployed and are no longer there: the database was set back since. Pure. */
export function missingMigrations(schema: ReleaseSchema, ledger: AppliedMigration[]): string[] {
  const there = new Set(ledger.map(({ name }) => name));
  return schema.migrations.filter((name) => !there.has(name));
}

/** How somebody gets out, as far as it is known to the caller. */
export interface WaysOut {
  /** How the database is set back to before the migration; absent where only its provider can. */
  restore?: (migration: AppliedMigration) => string;
  /** A command that releases an earlier release which does know the schema. */
  compatible?: string;
  /** A command that runs what is missing. */
  migrate?: string;
  /** A command that releases it all the same. */
  override?: string;
}

/** @throws SchemaIncompatibleError with the ways out, when releasing it would put it on a schema that it does not know. */
export function requireCompatibleSchema(
  schema: ReleaseSchema,
  ledger: AppliedMigration[],
  ways: WaysOut = {},
): void {
  const [taken, ...more] = incompatibleMigrations(schema, ledger);
  if (taken) {
    const others = more.length > 0 ? ` and ${more.length} more` : "";
    throw new SchemaIncompatibleError(
      `${schema.release} cannot run on the database as it is: migration ${taken.name}${others} took away what it may need`,
      { hint: waysBack(taken, ways) },
    );
  }
  const [missing, ...rest] = missingMigrations(schema, ledger);
  if (missing === undefined) return;
  const others = rest.length > 0 ? ` and ${rest.length} more` : "";
  throw new SchemaIncompatibleError(
    `${schema.release} cannot run on the database as it is: migration ${missing}${others} is no longer in it, since it was set back`,
    {
      hint: sentences(
        ways.migrate && `Run what is missing: ${ways.migrate}.`,
        ways.override && `Or release it all the same: ${ways.override}.`,
      ),
    },
  );
}

const waysBack = (taken: AppliedMigration, { compatible, restore, override }: WaysOut): string =>
  sentences(
    compatible === undefined
      ? "No earlier release knows this schema: deploy a correction forward."
      : `An earlier release that knows this schema: ${compatible}. Or deploy a correction forward.`,
    restore
      ? `Or restore the database to before it, which also undoes all rows written since: ${restore(taken)}.`
      : `Or have its provider restore it to before ${taken.finishedMs === undefined ? "it" : new Date(taken.finishedMs).toISOString()}.`,
    override && `Or release it all the same: ${override}.`,
  );

const sentences = (...parts: (string | undefined | false)[]): string => parts.filter(Boolean).join(" ");
