import type { Node, RangeVar } from "libpg-query";
import { alterTableRules } from "./alter-table-rules.ts";
import {
  asKind,
  type NodeKind,
  type NodeOf,
  qualifiedName,
  relationName,
  shownName,
  textsOf,
} from "./ast.ts";
import { additive, blocking, destructive, type Finding, opaque } from "./finding.ts";
import { sideEffects } from "./known-functions.ts";
import type { NewObjects } from "./new-objects.ts";

type Rules = {
  [Kind in NodeKind]?: (statement: NodeOf<Kind>, objects: NewObjects) => Finding[];
};

const settings = new Set([
  "client_encoding",
  "client_min_messages",
  "check_function_bodies",
  "default_table_access_method",
  "default_tablespace",
  "idle_in_transaction_session_timeout",
  "lock_timeout",
  "row_security",
  "search_path",
  "statement_timeout",
  "transaction_timeout",
  "xmloption",
]);

const hasOption = (options: Node[] | undefined, name: string): boolean =>
  (options ?? []).some((node) => asKind(node, "DefElem")?.defname === name);

const made = (kind: string, qualified: string, objects: NewObjects, ifNotExists?: boolean): Finding[] => {
  // What may have been there before is not new.
  if (!ifNotExists) objects.add(kind, qualified);
  return [additive(`makes ${kind} ${shownName(qualified)}`)];
};

/** The statement kinds that are known; what is missing here is opaque. */
export const statementRules: Rules = {
  CreateStmt: ({ relation, if_not_exists, partbound, inhRelations }, objects) => {
    const name = relationName(relation);
    const parent = relationName(asKind(inhRelations?.[0], "RangeVar"));
    const findings = made("table", name, objects, if_not_exists);
    if (!partbound || objects.has("table", parent)) return findings;
    return [
      blocking(
        `adds a partition to ${shownName(parent)}, which must be locked and its default partition read`,
      ),
    ];
  },
  CreateTableAsStmt: ({ into, objtype, if_not_exists, query }, objects) => [
    ...made(
      objtype === "OBJECT_MATVIEW" ? "materialized view" : "table",
      relationName(into?.rel),
      objects,
      if_not_exists,
    ),
    ...sideEffects(query),
  ],
  IndexStmt: ({ relation, concurrent, idxname, if_not_exists }, objects) => {
    const table = relationName(relation);
    const schema = table.split(".")[0];
    if (idxname && !if_not_exists) objects.add("index", `${schema}.${idxname}`);
    return [
      concurrent || objects.has("table", table) || objects.has("materialized view", table)
        ? additive(`makes an index on ${shownName(table)}`)
        : blocking(
            `makes an index on ${shownName(table)} while nobody may write to it`,
            "Use CREATE INDEX CONCURRENTLY.",
          ),
    ];
  },
  AlterTableStmt: ({ relation, cmds, objtype }, objects) => {
    const table = relationName(relation);
    if (objects.has(kindOf(objtype), table)) return [additive(`changes ${shownName(table)}, which is new`)];
    return (cmds ?? []).flatMap((node) => {
      const command = asKind(node, "AlterTableCmd") ?? {};
      const rule = command.subtype && alterTableRules[command.subtype];
      if (objtype !== "OBJECT_TABLE" || !rule) {
        return [opaque(`changes ${shownName(table)} in a way that is not known here (${command.subtype})`)];
      }
      return rule(command, shownName(table));
    });
  },
  RenameStmt: ({ relation, subname, newname, renameType, relationType, object }, objects) => {
    const name = relation ? relationName(relation) : qualifiedName(namesIn(object));
    const kind = kindOf(renameType === "OBJECT_COLUMN" ? relationType : renameType);
    if (objects.has(kind, name)) {
      if (renameType !== "OBJECT_COLUMN") objects.add(kind, `${name.split(".")[0]}.${newname}`);
      return [additive(`renames ${kind} ${shownName(name)}, which is new`)];
    }
    const old = subname ? `${shownName(name)}.${subname}` : shownName(name);
    return [
      destructive(
        `renames ${old} to ${newname}`,
        "Add the new name beside the old one; drop the old one in a later release.",
      ),
    ];
  },
  DropStmt: ({ objects: dropped, removeType }, objects) => {
    const kind = kindOf(removeType);
    return (dropped ?? []).map((node) => {
      const name = qualifiedName(namesIn(node));
      const isNew = objects.has(kind, name);
      objects.remove(kind, name);
      return isNew
        ? additive(`drops ${kind} ${shownName(name)}, which is new`)
        : destructive(
            `drops ${kind} ${shownName(name)}`,
            "Drop it in a later release, when no running code uses it.",
          );
    });
  },
  TruncateStmt: ({ relations }, objects) =>
    (relations ?? []).map((node) => {
      const table = relationName(asKind(node, "RangeVar"));
      return objects.has("table", table)
        ? additive(`empties ${shownName(table)}, which is new`)
        : destructive(`empties ${shownName(table)}`);
    }),
  SelectStmt: (statement, objects) => {
    // Dumps begin so: from there on every name has its schema.
    if (isEmptySearchPath(statement)) return [additive("wants names with their schema")];
    if (statement.intoClause) made("table", relationName(statement.intoClause.rel), objects);
    const effects = sideEffects(statement);
    return effects.length > 0 ? effects : [additive("reads")];
  },
  InsertStmt: (statement, objects) => {
    const table = relationName(statement.relation);
    // Into a new table even ON CONFLICT overwrites nothing of anybody.
    const effects = sideEffects(objects.has("table", table) ? statement : { InsertStmt: statement });
    return effects.length > 0 ? effects : [additive(`adds rows to ${shownName(table)}`)];
  },
  UpdateStmt: (statement, objects) => write(statement, objects, "overwrites data of"),
  DeleteStmt: (statement, objects) => write(statement, objects, "deletes rows of"),
  MergeStmt: (statement, objects) => write(statement, objects, "merges into"),
  CreateSchemaStmt: ({ schemaname, schemaElts }) =>
    (schemaElts ?? []).length > 0
      ? [opaque(`makes schema ${schemaname} with content`, "Make the content in statements of its own.")]
      : [additive(`makes schema ${schemaname}`)],
  CreateSeqStmt: ({ sequence, if_not_exists }, objects) =>
    made("sequence", relationName(sequence), objects, if_not_exists),
  AlterSeqStmt: ({ sequence, options }, objects) => {
    const name = relationName(sequence);
    const harmless =
      objects.has("sequence", name) ||
      (options ?? []).every((node) => asKind(node, "DefElem")?.defname === "owned_by");
    return [
      harmless
        ? additive(`changes sequence ${shownName(name)}`)
        : destructive(`changes the numbers that sequence ${shownName(name)} gives`),
    ];
  },
  CreateEnumStmt: ({ typeName }, objects) => made("type", qualifiedName(textsOf(typeName)), objects),
  CreateDomainStmt: ({ domainname }, objects) => made("domain", qualifiedName(textsOf(domainname)), objects),
  CompositeTypeStmt: ({ typevar }, objects) => made("type", relationName(typevar), objects),
  CreateRangeStmt: ({ typeName }, objects) => made("type", qualifiedName(textsOf(typeName)), objects),
  AlterEnumStmt: ({ typeName, oldVal, newVal }, objects) => {
    const name = qualifiedName(textsOf(typeName));
    return [
      oldVal && !objects.has("type", name)
        ? destructive(`renames value ${oldVal} of ${shownName(name)}`)
        : additive(`adds value ${newVal} to ${shownName(name)}`),
    ];
  },
  ViewStmt: ({ view, replace }, objects) => {
    const name = relationName(view);
    return replace ? [additive(`defines view ${shownName(name)}`)] : made("view", name, objects);
  },
  CreateFunctionStmt: ({ funcname, replace }, objects) => {
    const name = qualifiedName(textsOf(funcname));
    // Its body runs when it is called; a call in a migration is looked at there.
    return replace ? [additive(`defines function ${shownName(name)}`)] : made("function", name, objects);
  },
  CreateTrigStmt: ({ relation, trigname }, objects) => {
    const table = relationName(relation);
    return [
      objects.has("table", table)
        ? additive(`makes trigger ${trigname} on ${shownName(table)}, which is new`)
        : opaque(
            `makes trigger ${trigname} on ${shownName(table)}: its function then runs in the writes of old code`,
          ),
    ];
  },
  CreatePolicyStmt: ({ policy_name }) => [additive(`makes policy ${policy_name}`)],
  CreateStatsStmt: () => [additive("makes extended statistics")],
  AlterStatsStmt: () => [additive("changes extended statistics")],
  CommentStmt: () => [additive("comments")],
  CreateExtensionStmt: ({ extname }) => [additive(`installs extension ${extname}`)],
  GrantStmt: ({ is_grant }) => [is_grant ? additive("grants rights") : destructive("takes rights away")],
  AlterDefaultPrivilegesStmt: ({ action }) => [
    action?.is_grant ? additive("grants rights on what is made later") : destructive("takes rights away"),
  ],
  VariableSetStmt: ({ name, args, kind }, objects) => {
    if (name === undefined || name === "search_path") objects.distrustNames();
    if (
      kind === "VAR_RESET" ||
      kind === "VAR_SET_DEFAULT" ||
      (name !== undefined && settings.has(name) && !isEndless(name, args))
    ) {
      return [additive(`sets ${name}`)];
    }
    return name !== undefined && settings.has(name)
      ? [blocking(`lets statements wait for ever (${name} = 0)`, "Leave the limit to the platform.")]
      : [opaque(`sets ${name ?? "the session's state"}`)];
  },
  TransactionStmt: () => [additive("controls the transaction")],
  ReindexStmt: ({ params }) => [
    hasOption(params, "concurrently")
      ? additive("rebuilds an index beside its users")
      : blocking("rebuilds an index while nobody may write", "Use REINDEX ... CONCURRENTLY."),
  ],
  VacuumStmt: ({ options, is_vacuumcmd }) => [
    is_vacuumcmd && hasOption(options, "full")
      ? blocking("rewrites the table while nobody may use it")
      : additive("vacuums or analyzes"),
  ],
  RefreshMatViewStmt: ({ relation, concurrent }, objects) => {
    const view = relationName(relation);
    return [
      concurrent || objects.has("materialized view", view)
        ? additive(`refreshes ${shownName(view)}`)
        : blocking(
            `refreshes ${shownName(view)} while nobody may read it`,
            "Use REFRESH MATERIALIZED VIEW CONCURRENTLY.",
          ),
    ];
  },
  ClusterStmt: () => [blocking("rewrites the table while nobody may use it")],
  LockStmt: () => [blocking("locks tables")],
  AlterObjectSchemaStmt: ({ newschema }) => [destructive(`moves something to schema ${newschema}`)],
  DropdbStmt: ({ dbname }) => [destructive(`drops database ${dbname}`)],
  DropRoleStmt: () => [destructive("drops a role")],
  DropOwnedStmt: () => [destructive("drops everything that a role owns")],
};

function write(statement: { relation?: RangeVar }, objects: NewObjects, doing: string): Finding[] {
  const table = relationName(statement.relation);
  if (objects.has("table", table)) return [additive(`changes rows of ${shownName(table)}, which is new`)];
  return [destructive(`${doing} ${shownName(table)}`), ...sideEffects(statement)];
}

/** `SELECT pg_catalog.set_config('search_path', '', false)` */
function isEmptySearchPath(statement: NodeOf<"SelectStmt">): boolean {
  const target = asKind(statement.targetList?.[0], "ResTarget")?.val;
  const call = asKind(target, "FuncCall");
  if (statement.targetList?.length !== 1 || textsOf(call?.funcname).at(-1) !== "set_config") return false;
  const [name, value] = (call?.args ?? []).map((node) => asKind(node, "A_Const"));
  return name?.sval?.sval === "search_path" && (value?.sval?.sval ?? (value?.sval ? "" : undefined)) === "";
}

function isEndless(name: string, args: Node[] | undefined): boolean {
  if (!name.endsWith("_timeout")) return false;
  const value = asKind(args?.[0], "A_Const");
  const text = value?.sval?.sval ?? String(value?.ival?.ival ?? 0);
  return Number.parseFloat(text) === 0;
}

/** A name in any of the shapes that `DROP` and `RENAME` have: a list, a type, a function with arguments, a bare string. */
function namesIn(node: Node | undefined): string[] {
  const list = asKind(node, "List");
  if (list) return textsOf(list.items);
  const type = asKind(node, "TypeName");
  if (type) return textsOf(type.names);
  const routine = asKind(node, "ObjectWithArgs");
  if (routine) return textsOf(routine.objname);
  const text = asKind(node, "String")?.sval;
  return text === undefined ? [] : [text];
}

/** `OBJECT_MATVIEW` → `materialized view`. */
const kindOf = (type: string | undefined): string =>
  type === "OBJECT_MATVIEW"
    ? "materialized view"
    : (type ?? "")
        .replace(/^OBJECT_/, "")
        .toLowerCase()
        .replaceAll("_", " ");
