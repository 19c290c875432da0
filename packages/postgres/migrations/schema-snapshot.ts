import type { Client } from "pg";

/** Columns of all tables by `schema.table.column`, with what code can see of them. */
export type SchemaSnapshot = Map<string, string>;

/** Before and after a command whose statements cannot be read, it tells what the command did. */
export async function schemaSnapshot(client: Client): Promise<SchemaSnapshot> {
  const { rows } = await client.query(
    `SELECT format('%s.%s.%s', nspname, relname, attname) AS name,
            concat_ws(' ', format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
                      CASE WHEN atthasdef OR attidentity <> '' THEN 'has default' END) AS shape
     FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'p', 'v', 'm') AND attnum > 0 AND NOT attisdropped
       AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'evenkeel')`,
  );
  return new Map(rows.map((row) => [row.name as string, row.shape as string]));
}

/** What old code may miss or trip over: columns that are gone or changed, and new ones in old tables that it must fill. Pure. */
export function breakingChanges(before: SchemaSnapshot, after: SchemaSnapshot): string[] {
  const changes: string[] = [];
  const tables = new Set([...before.keys()].map(tableOf));
  for (const [name, shape] of before) {
    const now = after.get(name);
    if (now === undefined) changes.push(`${name} is gone`);
    else if (now !== shape) changes.push(`${name} was "${shape}" and is "${now}"`);
  }
  for (const [name, shape] of after) {
    const mustBeFilled = shape.includes("not null") && !shape.includes("has default");
    if (!before.has(name) && tables.has(tableOf(name)) && mustBeFilled)
      changes.push(`${name} must be filled`);
  }
  return changes;
}

const tableOf = (column: string): string => column.slice(0, column.lastIndexOf("."));
