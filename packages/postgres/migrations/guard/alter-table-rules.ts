import type { AlterTableCmd, AlterTableType, ColumnDef, Constraint } from "libpg-query";
import { asKind, textsOf } from "./ast.ts";
import { additive, blocking, destructive, type Finding } from "./finding.ts";
import { isStableExpression } from "./known-functions.ts";

type Rule = (command: AlterTableCmd, table: string) => Finding[];

const scan = (what: string, table: string): string =>
  `${what}, reading all of ${table} while nobody may write to it`;

/** Which `ALTER TABLE` actions are known; what is missing here is opaque. Locks as in PostgreSQL's ALTER TABLE page. */
export const alterTableRules: Partial<Record<AlterTableType, Rule>> = {
  AT_AddColumn: ({ def }, table) => addColumn(asKind(def, "ColumnDef") ?? {}, table),
  AT_AddConstraint: ({ def }, table) => addConstraint(asKind(def, "Constraint") ?? {}, table),
  AT_ColumnDefault: ({ def, name }, table) => [
    def
      ? additive(`sets the default of ${table}.${name}`)
      : destructive(`drops the default of ${table}.${name}, which old inserts may rely on`),
  ],
  AT_DropNotNull: ({ name }, table) => [additive(`lets ${table}.${name} be null`)],
  AT_SetNotNull: ({ name }, table) => [
    {
      ...blocking(
        scan(`forbids null in ${table}.${name}`, table),
        "Add CHECK (column IS NOT NULL) NOT VALID, validate it in a later statement, then set NOT NULL: it needs no scan then.",
      ),
      breaksOldCode: true,
    },
  ],
  AT_DropColumn: ({ name }, table) => [
    destructive(
      `drops column ${name} of ${table}`,
      "First deploy code that does not use it; drop it in a later release.",
    ),
  ],
  AT_AlterColumnType: ({ name }, table) => [
    destructive(
      `changes the type of ${table}.${name}: it may rewrite the table, narrow values, and surprise old code`,
      "Add a new column, fill it, and switch over.",
    ),
  ],
  AT_ValidateConstraint: ({ name }, table) => [
    additive(`validates ${name} of ${table} beside its readers and writers`),
  ],
  AT_DropConstraint: ({ name }, table) => [destructive(`drops constraint ${name} of ${table}`)],
  AT_SetStatistics: ({ name }, table) => [additive(`sets statistics of ${table}.${name}`)],
  AT_SetOptions: (_, table) => [additive(`sets planner options of a column of ${table}`)],
  AT_ResetOptions: (_, table) => [additive(`resets planner options of a column of ${table}`)],
  AT_SetRelOptions: (_, table) => [additive(`sets storage parameters of ${table}`)],
  AT_ResetRelOptions: (_, table) => [additive(`resets storage parameters of ${table}`)],
  AT_SetStorage: (_, table) => [additive(`sets how ${table} stores large values from now on`)],
  AT_SetCompression: (_, table) => [additive(`sets how ${table} compresses large values from now on`)],
  AT_ReplicaIdentity: (_, table) => [additive(`sets the replica identity of ${table}`)],
  AT_SetIdentity: ({ name }, table) => [additive(`changes the identity of ${table}.${name}`)],
  AT_AddIdentity: ({ name }, table) => [additive(`makes ${table}.${name} an identity column`)],
  AT_DropIdentity: ({ name }, table) => [destructive(`drops the identity of ${table}.${name}`)],
  AT_EnableRowSecurity: (_, table) => [
    destructive(`turns row security of ${table} on: without policies, rows become invisible`),
  ],
  AT_ForceRowSecurity: (_, table) => [
    destructive(`turns row security of ${table} on for its owner: without policies, rows become invisible`),
  ],
  AT_AttachPartition: (_, table) => [
    blocking(scan("attaches a partition", table), "Give the partition a matching CHECK constraint first."),
  ],
  AT_DetachPartition: (_, table) => [destructive(`detaches a partition of ${table}`)],
  AT_SetLogged: (_, table) => [blocking(`rewrites ${table}`)],
  AT_SetTableSpace: (_, table) => [blocking(`moves ${table}`)],
  AT_SetAccessMethod: (_, table) => [blocking(`rewrites ${table}`)],
  AT_SetUnLogged: (_, table) => [
    destructive(`makes ${table} unlogged: it is empty after a crash and in every restore`),
  ],
};

function addColumn(column: ColumnDef, table: string): Finding[] {
  const name = `${table}.${column.colname}`;
  const constraints = (column.constraints ?? []).map((node) => asKind(node, "Constraint") ?? {});
  const byType = (type: Constraint["contype"]) => constraints.find(({ contype }) => contype === type);
  const defaultValue = byType("CONSTR_DEFAULT")?.raw_expr;
  const findings: Finding[] = [];
  const type = textsOf(column.typeName?.names).at(-1) ?? "";
  if (/^(small|big)?serial\d?$/.test(type) || byType("CONSTR_IDENTITY")) {
    findings.push(blocking(`adds ${name} with a number for every row, rewriting ${table}`));
  } else if (byType("CONSTR_GENERATED")?.generated_kind === "s") {
    findings.push(blocking(`adds ${name}, computed for every row, rewriting ${table}`));
  } else if (defaultValue && !isStableExpression(defaultValue)) {
    findings.push(
      blocking(
        `adds ${name} with a default that differs by row, rewriting ${table}`,
        "Add it without the default, set the default, then fill old rows in batches.",
      ),
    );
  } else if (byType("CONSTR_NOTNULL") && !defaultValue) {
    findings.push({
      ...blocking(
        `adds ${name} as NOT NULL without a default: it fails when ${table} has rows, and old inserts fail afterwards`,
        "Give it a default.",
      ),
      breaksOldCode: true,
    });
  }
  for (const constraint of constraints) {
    if (constraint.contype === "CONSTR_UNIQUE" || constraint.contype === "CONSTR_PRIMARY") {
      findings.push(blocking(`builds an index on ${name} while nobody may use ${table}`, uniqueRemedy));
    } else if (constraint.contype === "CONSTR_CHECK") {
      findings.push(
        blocking(scan(`checks ${name}`, table), "Add the check in a statement of its own, NOT VALID."),
      );
    } else if (constraint.contype === "CONSTR_FOREIGN" && defaultValue) {
      findings.push(blocking(scan(`checks references of ${name}`, table)));
    }
  }
  return findings.length > 0 ? findings : [additive(`adds column ${name}`)];
}

const uniqueRemedy = "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT ... USING INDEX.";

function addConstraint(constraint: Constraint, table: string): Finding[] {
  const name = constraint.conname ?? "a constraint";
  switch (constraint.contype) {
    case "CONSTR_CHECK":
    case "CONSTR_FOREIGN":
    case "CONSTR_NOTNULL":
      return [
        constraint.skip_validation
          ? additive(`adds ${name} to ${table} for new rows`)
          : blocking(scan(`adds ${name}`, table), "Add it NOT VALID, and VALIDATE it in a later statement."),
      ];
    case "CONSTR_UNIQUE":
    case "CONSTR_PRIMARY":
      return [
        constraint.indexname
          ? additive(`makes index ${constraint.indexname} a constraint of ${table}`)
          : blocking(`builds an index for ${name} while nobody may use ${table}`, uniqueRemedy),
      ];
    default:
      return [blocking(scan(`adds ${name}`, table))];
  }
}
